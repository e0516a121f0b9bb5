'use client'
import { useForm } from 'react-hook-form'
import { useTRPCClient } from '#client/trpc.ts'
import { makePasskey } from '#components/people/passkey.ts'
import { DialogForm } from '#components/ui/dialog-form.tsx'
import { Field } from '#components/ui/field.tsx'
import { Input } from '#components/ui/input.tsx'
import { browserName } from './browser-name.ts'
import { useConfirmedMutation } from './confirm-you.tsx'

/** The browser asks for the finger, the PIN or the stick. */
export function AddPasskey({
  onDone,
  onDismiss,
}: {
  onDone: (made: { recoveryCodes: string[] }) => void
  onDismiss: () => void
}) {
  const client = useTRPCClient()
  const form = useForm({ defaultValues: { name: browserName(navigator.userAgent) } })
  const add = useConfirmedMutation(
    async ({ name }: { name: string }) => {
      const options = await client.security.passkeyOptions.mutate({ host: location.hostname })
      return client.security.addPasskey.mutate({ name, answer: (await makePasskey(options)) as never })
    },
    { onSuccess: onDone },
  )
  return (
    <DialogForm
      title="Add a passkey"
      form={form}
      submit="Add it"
      busy={add.isPending}
      error={add.error}
      onSubmit={(values) => add.mutate(values)}
      onDismiss={onDismiss}
    >
      <p className="text-pretty">
        Stored on this device, in your password manager or on a security key. It signs you in to this platform with your
        fingerprint, face or PIN.
      </p>
      <Field label="Name" hint="To recognize it later." error={form.formState.errors.name?.message}>
        {(control) => (
          <Input {...control} {...form.register('name', { required: 'enter a name', maxLength: 100 })} autoFocus />
        )}
      </Field>
    </DialogForm>
  )
}
