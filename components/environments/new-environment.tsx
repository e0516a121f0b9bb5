'use client'
import { zodResolver } from '@hookform/resolvers/zod'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRouter } from 'next/navigation'
import { useForm } from 'react-hook-form'
import { z } from 'zod'
import { environmentName, suggestName } from '#contract/names.ts'
import { paths } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { useEnvironments } from '#components/frame/environment.ts'
import { useMay, useViewer } from '#components/frame/may.ts'
import { usePlace } from '#components/frame/place.ts'
import { DialogForm } from '#components/ui/dialog-form.tsx'
import { Field } from '#components/ui/field.tsx'
import { Input, Select } from '#components/ui/input.tsx'
import { toastDone } from '#client/toasts.ts'

const schema = z.object({ name: environmentName, from: z.string(), kind: z.enum(['personal', 'shared']) })

/** A new overlay on any environment; it takes over the screen when it is there. */
export function NewEnvironment({ parent, onDismiss }: { parent: string; onDismiss: () => void }) {
  const { team } = usePlace()
  const trpc = useTRPC()
  const router = useRouter()
  const queries = useQueryClient()
  const { person } = useViewer()
  const environments = useEnvironments()
  const may = useMay()
  // What is on a personal one inherits what is set there: that is for those who work in it.
  const parents = environments.filter(
    ({ kind, name }) => kind !== 'personal' || may('environment.write', name) === null,
  )
  const taken = new Set(environments.map(({ name }) => name))
  const own = suggestName(person.name.split(' ')[0] ?? '', 'environment')
  const form = useForm({
    resolver: zodResolver(schema),
    defaultValues: {
      name: own !== undefined && !taken.has(own) ? own : '',
      from: parent,
      kind: 'personal' as const,
    } as z.infer<typeof schema>,
  })
  const create = useMutation(
    trpc.environments.create.mutationOptions({
      onSuccess: async (environment) => {
        await queries.invalidateQueries(trpc.environments.pathFilter())
        onDismiss()
        toastDone(`Created ${environment.name}`, {
          description: `It inherits everything from ${environment.parent ?? 'production'} until you deploy to it.`,
        })
        router.push(paths.catalogue({ team, environment: environment.name }))
      },
    }),
  )
  const { errors } = form.formState
  return (
    <DialogForm
      title="New environment"
      place="side"
      form={form}
      submit="Create environment"
      busy={create.isPending}
      error={create.error}
      onSubmit={({ name, from, kind }) => create.mutate({ team, name, from, kind })}
      onDismiss={onDismiss}
    >
      <Field label="Name" error={errors.name?.message} hint="At most 16 lower-case letters, digits, dashes.">
        {(control) => <Input {...control} {...form.register('name')} autoFocus className="font-mono" />}
      </Field>
      <Field
        label="From"
        hint="Everything that you do not deploy to it is inherited from there."
        error={errors.from?.message}
      >
        {(control) => (
          <Select {...control} {...form.register('from')}>
            {parents.map(({ id, name }) => (
              <option key={id} value={name}>
                {name}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <Field
        label="Kind"
        hint="Personal ones expire after 72 hours without calls or edits."
        error={errors.kind?.message}
      >
        {(control) => (
          <Select {...control} {...form.register('kind')}>
            <option value="personal">Personal: for you and people you give access</option>
            <option value="shared">Shared: for the team, such as staging</option>
          </Select>
        )}
      </Field>
    </DialogForm>
  )
}
