'use client'
import { useForm } from 'react-hook-form'
import { toastDone } from '#client/toasts.ts'
import { useTRPCClient } from '#client/trpc.ts'
import { DialogForm } from '#components/ui/dialog-form.tsx'
import { Field } from '#components/ui/field.tsx'
import { Input } from '#components/ui/input.tsx'
import { useConfirmedMutation } from './confirm-you.tsx'

/** It changes once the link that is sent to the new address was opened. */
export function ChangeEmail({ onDismiss }: { onDismiss: () => void }) {
  const client = useTRPCClient()
  const form = useForm({ defaultValues: { email: '' } })
  const change = useConfirmedMutation((given: { email: string }) => client.security.changeEmail.mutate(given), {
    onSuccess: ({ mailed }, { email }) => {
      toastDone(
        mailed ? `Open the link that was sent to ${email}` : 'An operator of this platform can give you the link',
        { description: 'Your address does not change until then.' },
      )
      onDismiss()
    },
  })
  return (
    <DialogForm
      title="Change your address"
      form={form}
      submit="Send the link"
      busy={change.isPending}
      error={change.error}
      onSubmit={(values) => change.mutate(values)}
      onDismiss={onDismiss}
    >
      <Field
        label="New email"
        hint="We send a link there. Opening it changes your address."
        error={form.formState.errors.email?.message}
      >
        {(control) => (
          <Input
            {...control}
            {...form.register('email', {
              required: 'enter an address',
              pattern: { value: /^[^\s@]+@[^\s@]+$/, message: 'this is not an email address' },
            })}
            type="email"
            autoFocus
            autoComplete="email"
          />
        )}
      </Field>
    </DialogForm>
  )
}
