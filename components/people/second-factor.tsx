'use client'
import { useMutation } from '@tanstack/react-query'
import { KeyRound } from 'lucide-react'
import Link from 'next/link'
import { paths } from '#client/paths.ts'
import { useTRPCClient } from '#client/trpc.ts'
import { Button } from '#components/ui/button.tsx'
import { Field } from '#components/ui/field.tsx'
import { Input } from '#components/ui/input.tsx'
import { enterBy, enterByPasskey } from './enter.ts'
import { insideConsole } from './inside-console.ts'
import { Or, PlainForm, quietLink } from './plain-form.tsx'

/** What is still missing of a sign-in that waits in this browser. */
export function SecondFactor({ to, totp, passkeys }: { to: string | null; totp: boolean; passkeys: boolean }) {
  const client = useTRPCClient()
  const onSuccess = () => location.assign(insideConsole(to) ?? paths.home())
  const byCode = useMutation({ mutationFn: (code: string) => enterBy('second', { code }), onSuccess })
  const byPasskey = useMutation({ mutationFn: () => enterByPasskey(client, true), onSuccess })
  return (
    <div className="flex flex-col gap-4">
      {passkeys && (
        <>
          <Button
            kind={totp ? 'plain' : 'primary'}
            className="h-9!"
            busy={byPasskey.isPending || byPasskey.isSuccess}
            onClick={() => {
              byCode.reset()
              byPasskey.mutate()
            }}
          >
            {!byPasskey.isPending && <KeyRound />}Use a passkey
          </Button>
          <Or />
        </>
      )}
      <PlainForm
        submit="Continue"
        busy={byCode.isPending || byCode.isSuccess}
        error={byCode.error ?? byPasskey.error}
        fields={[]}
        onSubmit={({ code = '' }) => {
          byPasskey.reset()
          byCode.mutate(code)
        }}
      >
        <Field
          label={totp ? 'Code' : 'Recovery code'}
          hint={
            totp
              ? 'Six digits from your authenticator app, or a recovery code.'
              : 'A recovery code that you got with your first passkey.'
          }
        >
          {(control) => (
            <Input
              {...control}
              name="code"
              required
              autoFocus={!passkeys || totp}
              autoComplete="one-time-code"
              maxLength={40}
              className="h-9! font-mono"
            />
          )}
        </Field>
      </PlainForm>
      <p>
        <Link href={paths.signIn()} className={quietLink}>
          Start again
        </Link>
      </p>
    </div>
  )
}
