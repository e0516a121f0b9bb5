'use client'
import { zodResolver } from '@hookform/resolvers/zod'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useForm } from 'react-hook-form'
import { z } from 'zod'
import { roles } from '#contract/permissions.ts'
import { useTRPC } from '#client/trpc.ts'
import { useViewer } from '#components/frame/may.ts'
import { usePlace } from '#components/frame/place.ts'
import { DialogForm } from '#components/ui/dialog-form.tsx'
import { Field } from '#components/ui/field.tsx'
import { Input, Select } from '#components/ui/input.tsx'
import { ShownOnce } from '#components/ui/shown-once.tsx'
import { mayGive, roleWords } from './roles.ts'

const schema = z.object({ email: z.email('this is not an email address'), role: z.enum(roles) })

/** Makes a link that lets one address in. It is shown this once, to be sent by whatever way people have. */
export function Invite({ onDismiss }: { onDismiss: () => void }) {
  const { team } = usePlace()
  const trpc = useTRPC()
  const queries = useQueryClient()
  const { role: own } = useViewer()
  const form = useForm({
    resolver: zodResolver(schema),
    defaultValues: { email: '', role: 'developer' } as z.infer<typeof schema>,
  })
  const create = useMutation(
    trpc.invitations.create.mutationOptions({
      onSuccess: () => queries.invalidateQueries(trpc.invitations.pathFilter()),
    }),
  )
  const { errors } = form.formState
  if (create.data !== undefined) {
    const { email, mailed, link, role } = create.data
    return (
      <ShownOnce
        title={mailed ? `This link was sent to ${email}` : `Send this link to ${email}`}
        secret={link}
        onDismiss={onDismiss}
      >
        It works once, and gives the role {role} of {team}.
      </ShownOnce>
    )
  }
  return (
    <DialogForm
      title="Invite a person"
      place="side"
      form={form}
      submit="Create the link"
      busy={create.isPending}
      error={create.error}
      onSubmit={({ email, role }) => create.mutate({ team, email, role })}
      onDismiss={onDismiss}
    >
      <Field label="Email" hint="The link works only for this address." error={errors.email?.message}>
        {(control) => <Input {...control} {...form.register('email')} type="email" autoFocus />}
      </Field>
      <Field label="Role" hint={roleWords[form.watch('role')]} error={errors.role?.message}>
        {(control) => (
          <Select {...control} {...form.register('role')}>
            {mayGive(own).map((role) => (
              <option key={role} value={role}>
                {role}
              </option>
            ))}
          </Select>
        )}
      </Field>
    </DialogForm>
  )
}
