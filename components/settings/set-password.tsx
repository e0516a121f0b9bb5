'use client'
import { useQueryClient } from '@tanstack/react-query'
import { useForm } from 'react-hook-form'
import { toastDone } from '#client/toasts.ts'
import { useTRPC, useTRPCClient } from '#client/trpc.ts'
import { useViewer } from '#components/frame/may.ts'
import { DialogForm } from '#components/ui/dialog-form.tsx'
import { Field } from '#components/ui/field.tsx'
import { Input } from '#components/ui/input.tsx'
import { useConfirmedMutation } from './confirm-you.tsx'

/** Of somebody who came through a provider. */
export function SetPassword({ onDismiss }: { onDismiss: () => void }) {
  const trpc = useTRPC()
  const client = useTRPCClient()
  const queries = useQueryClient()
  const { person } = useViewer()
  const form = useForm({ defaultValues: { password: '' } })
  const set = useConfirmedMutation((given: { password: string }) => client.security.setPassword.mutate(given), {
    onSuccess: () => {
      toastDone('Set a password')
      void queries.invalidateQueries(trpc.security.pathFilter())
      onDismiss()
    },
  })
  return (
    <DialogForm
      title="Set a password"
      form={form}
      submit="Set the password"
      busy={set.isPending}
      error={set.error}
      onSubmit={(values) => set.mutate(values)}
      onDismiss={onDismiss}
    >
      <input type="text" hidden readOnly autoComplete="username" value={person.email} />
      <Field label="Password" hint="At least 8 characters." error={form.formState.errors.password?.message}>
        {(control) => (
          <Input
            {...control}
            {...form.register('password', {
              minLength: { value: 8, message: 'at least 8 characters' },
              required: 'enter a password',
            })}
            type="password"
            autoFocus
            autoComplete="new-password"
          />
        )}
      </Field>
    </DialogForm>
  )
}
