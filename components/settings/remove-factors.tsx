'use client'
import { useForm } from 'react-hook-form'
import { toastDone } from '#client/toasts.ts'
import { useTRPCClient } from '#client/trpc.ts'
import { DialogForm } from '#components/ui/dialog-form.tsx'
import { Field } from '#components/ui/field.tsx'
import { Input } from '#components/ui/input.tsx'
import { useConfirmedMutation } from './confirm-you.tsx'

/** By an operator who is sure of who asks: from then on the password alone signs them in. */
export function RemoveFactors({ onDismiss }: { onDismiss: () => void }) {
  const client = useTRPCClient()
  const form = useForm({ defaultValues: { email: '' } })
  const remove = useConfirmedMutation((given: { email: string }) => client.platform.removeFactors.mutate(given), {
    onSuccess: ({ email }) => {
      toastDone(`${email} now signs in with the password only`, { description: 'Their sessions have ended.' })
      onDismiss()
    },
  })
  return (
    <DialogForm
      title="Remove a second factor"
      form={form}
      submit="Remove it"
      busy={remove.isPending}
      error={remove.error}
      onSubmit={(values) => remove.mutate(values)}
      onDismiss={onDismiss}
    >
      <p className="text-pretty">
        Verify the identity of the person first, for example by phone. Their app, passkeys and recovery codes are
        removed, and their sessions end.
      </p>
      <Field label="Email" error={form.formState.errors.email?.message}>
        {(control) => (
          <Input {...control} {...form.register('email', { required: 'enter an address' })} type="email" autoFocus />
        )}
      </Field>
    </DialogForm>
  )
}
