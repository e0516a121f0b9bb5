'use client'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useForm } from 'react-hook-form'
import type { Environment } from '#contract/records.ts'
import { toastDone } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import { usePlace } from '#components/frame/place.ts'
import { Checkbox } from '#components/ui/checkbox.tsx'
import { DialogForm } from '#components/ui/dialog-form.tsx'

/** Who works in a personal environment besides its owner. */
export function LetIn({
  environment: { name, owner, letIn },
  onDismiss,
}: {
  environment: Environment
  onDismiss: () => void
}) {
  const { team } = usePlace()
  const trpc = useTRPC()
  const queries = useQueryClient()
  const members = useQuery(trpc.members.list.queryOptions({ team })).data ?? []
  const form = useForm({ defaultValues: { people: letIn.map(({ email }) => email) } })
  const people = form.watch('people')
  // Admins work in it anyway, viewers nowhere.
  const others = members.filter(
    ({ person, role }) => person.id !== owner?.id && (role === 'developer' || people.includes(person.email)),
  )
  const save = useMutation(
    trpc.environments.letIn.mutationOptions({
      onSuccess: () => {
        void queries.invalidateQueries(trpc.environments.pathFilter())
        onDismiss()
        toastDone(
          people.length === 0
            ? `Only ${owner?.name ?? 'its owner'} can work in ${name}`
            : `${people.length} ${people.length === 1 ? 'other person has' : 'other people have'} access to ${name}`,
        )
      },
    }),
  )
  const toggle = (email: string) =>
    form.setValue('people', people.includes(email) ? people.filter((one) => one !== email) : [...people, email], {
      shouldDirty: true,
    })
  return (
    <DialogForm
      title={`Give people access to ${name}`}
      description="They can deploy to it, see and set its variables and secrets, open shells, and delete it. Team admins can do so too."
      place="side"
      form={form}
      submit="Save"
      busy={save.isPending}
      error={save.error}
      onSubmit={({ people: chosen }) => save.mutate({ team, environment: name, people: chosen })}
      onDismiss={onDismiss}
    >
      {others.length === 0 ? (
        <p className="text-muted">The team has no other developers.</p>
      ) : (
        <ul aria-label="Developers" className="divide-y divide-border overflow-hidden rounded border border-border">
          {others.map(({ person }) => (
            <li key={person.id} className="px-3 py-2">
              <Checkbox
                checked={people.includes(person.email)}
                onChange={() => toggle(person.email)}
                label={<span className="font-medium">{person.name}</span>}
                hint={person.email}
              />
            </li>
          ))}
        </ul>
      )}
    </DialogForm>
  )
}
