'use client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useForm } from 'react-hook-form'
import { type Outputs, useTRPC } from '#client/trpc.ts'
import { useViewer } from '#components/frame/may.ts'
import { Checkbox } from '#components/ui/checkbox.tsx'
import { DialogForm } from '#components/ui/dialog-form.tsx'
import { Field } from '#components/ui/field.tsx'
import { Input } from '#components/ui/input.tsx'
import { toastDone } from '#client/toasts.ts'

export function ChangePassword({ onDismiss }: { onDismiss: () => void }) {
  const trpc = useTRPC()
  const queries = useQueryClient()
  const { person } = useViewer()
  const form = useForm({ defaultValues: { current: '', next: '', signOutElsewhere: true } })
  const change = useMutation(
    trpc.person.changePassword.mutationOptions({
      onSuccess: (signedOut, { signOutElsewhere }) => {
        toastDone('Changed the password', {
          description: signOutElsewhere === false ? 'Other sessions stay signed in.' : wordsOf(signedOut),
        })
        void queries.invalidateQueries(trpc.person.sessions.queryFilter())
        onDismiss()
      },
    }),
  )
  const { errors } = form.formState
  return (
    <DialogForm
      title="Change the password"
      form={form}
      submit="Change the password"
      busy={change.isPending}
      error={change.error}
      onSubmit={(values) => change.mutate(values)}
      onDismiss={onDismiss}
    >
      <input type="text" hidden readOnly autoComplete="username" value={person.email} />
      <Field label="Current password" error={errors.current?.message}>
        {(control) => (
          <Input
            {...control}
            {...form.register('current', { required: 'required' })}
            type="password"
            autoFocus
            autoComplete="current-password"
          />
        )}
      </Field>
      <Field label="New password" hint="At least 8 characters." error={errors.next?.message}>
        {(control) => (
          <Input
            {...control}
            {...form.register('next', {
              minLength: { value: 8, message: 'at least 8 characters' },
              required: 'enter a password',
            })}
            type="password"
            autoComplete="new-password"
          />
        )}
      </Field>
      <Checkbox
        {...form.register('signOutElsewhere')}
        label="Sign out everywhere else"
        hint="Ends all other sessions and revokes all command-line sign-ins. This session stays."
      />
    </DialogForm>
  )
}

/** What was revoked. */
function wordsOf({ sessionsEnded, commandsSignedOut }: Outputs['person']['changePassword']): string {
  const counted = (count: number, one: string) => `${count} ${one}${count === 1 ? '' : 's'}`
  const commands =
    commandsSignedOut === null
      ? 'command-line sign-ins as soon as the runtime is back'
      : counted(commandsSignedOut, 'command-line sign-in')
  return `Revoked: ${counted(sessionsEnded, 'other session')}, ${commands}.`
}
