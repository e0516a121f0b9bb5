'use client'
import { useMutation, useSuspenseQuery } from '@tanstack/react-query'
import { useForm } from 'react-hook-form'
import { paths } from '#client/paths.ts'
import { signOut } from '#client/sign-in.ts'
import { toastError } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import { useViewer } from '#components/frame/may.ts'
import { Button } from '#components/ui/button.tsx'
import { Dialog } from '#components/ui/dialog.tsx'
import { DialogForm } from '#components/ui/dialog-form.tsx'
import { Field } from '#components/ui/field.tsx'
import { Input } from '#components/ui/input.tsx'

/** By the password; without one, by a code of one's app; without either, by signing in again. */
export function ConfirmDialog({ onDone, onDismiss }: { onDone: () => void; onDismiss: () => void }) {
  const trpc = useTRPC()
  const { person } = useViewer()
  const {
    data: { hasPassword, totp },
  } = useSuspenseQuery(trpc.security.read.queryOptions())
  const form = useForm({ defaultValues: { password: '', code: '' } })
  const confirm = useMutation(trpc.security.confirm.mutationOptions({ onSuccess: onDone }))
  const { errors } = form.formState
  if (!hasPassword && !totp) {
    const again = () => {
      signOut().then(() => location.assign(paths.signIn(`${location.pathname}${location.search}`)), toastError)
    }
    return (
      <Dialog
        title="Sign in again"
        onDismiss={onDismiss}
        footer={
          <>
            <Button onClick={onDismiss}>Cancel</Button>
            <Button kind="primary" onClick={again}>
              Sign out and in again
            </Button>
          </>
        }
      >
        <p className="text-pretty">This changes how you sign in. Sign in again to continue.</p>
      </Dialog>
    )
  }
  return (
    <DialogForm
      title="Confirm your identity"
      description="This changes how you sign in."
      form={form}
      submit="Confirm"
      busy={confirm.isPending}
      error={confirm.error}
      onSubmit={({ password, code }) => confirm.mutate(hasPassword ? { password } : { code })}
      onDismiss={onDismiss}
    >
      <input type="text" hidden readOnly autoComplete="username" value={person.email} />
      {hasPassword ? (
        <Field label="Your password" error={errors.password?.message}>
          {(control) => (
            <Input
              {...control}
              {...form.register('password', { required: 'required' })}
              type="password"
              autoFocus
              autoComplete="current-password"
            />
          )}
        </Field>
      ) : (
        <Field label="Code of your authenticator app" error={errors.code?.message}>
          {(control) => (
            <Input
              {...control}
              {...form.register('code', { required: 'required' })}
              autoFocus
              autoComplete="one-time-code"
              className="font-mono"
            />
          )}
        </Field>
      )}
    </DialogForm>
  )
}
