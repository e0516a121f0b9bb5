'use client'
import { useMutation } from '@tanstack/react-query'
import { KeyRound } from 'lucide-react'
import Link from 'next/link'
import type { SignUp } from '#contract/people.ts'
import { paths } from '#client/paths.ts'
import { refusalOf } from '#client/sign-in.ts'
import { useTRPCClient } from '#client/trpc.ts'
import { Button } from '#components/ui/button.tsx'
import { Field } from '#components/ui/field.tsx'
import { Input } from '#components/ui/input.tsx'
import { enter, enterByPasskey } from './enter.ts'
import { insideConsole } from './inside-console.ts'
import { Or, PlainForm, quietLink } from './plain-form.tsx'
import { type Provider, Providers } from './providers.tsx'

/** @param given `to`: where to go on, a path of the console; `error`: what a provider's answer came to */
export function SignIn({
  to,
  error,
  signUp,
  providers,
}: {
  to: string | null
  error: string | null
  signUp: SignUp
  providers: Provider[]
}) {
  const client = useTRPCClient()
  const next = insideConsole(to)
  const onSuccess = () => location.assign(next ?? paths.home())
  const signIn = useMutation({
    mutationFn: (given: { email: string; password: string }) => enter(given, next ?? null),
    onSuccess,
  })
  const byPasskey = useMutation({ mutationFn: () => enterByPasskey(client, false), onSuccess })
  const failed =
    signIn.error ?? byPasskey.error ?? (error !== null && signIn.isIdle && byPasskey.isIdle ? refusalOf(error) : null)
  return (
    <div className="flex flex-col gap-4">
      <PlainForm
        submit="Sign in"
        busy={signIn.isPending || signIn.isSuccess}
        error={failed}
        fields={[]}
        onSubmit={({ email = '', password = '' }) => {
          byPasskey.reset()
          signIn.mutate({ email, password })
        }}
      >
        <Field label="Email">
          {(control) => (
            <Input {...control} name="email" type="email" required autoFocus autoComplete="username" className="h-9!" />
          )}
        </Field>
        <Field label="Password">
          {(control) => (
            <Input
              {...control}
              name="password"
              type="password"
              required
              autoComplete="current-password"
              className="h-9!"
            />
          )}
        </Field>
      </PlainForm>
      <p className="flex flex-wrap justify-between gap-x-4 gap-y-1">
        <Link href={paths.forgot()} className={quietLink}>
          Forgot your password?
        </Link>
        <Link href={paths.mailLink()} className={quietLink}>
          Get a link instead
        </Link>
      </p>
      <Or />
      <div className="flex flex-col gap-2">
        <Providers providers={providers} to={next ?? paths.home()} />
        <Button
          className="h-9!"
          busy={byPasskey.isPending || byPasskey.isSuccess}
          onClick={() => {
            signIn.reset()
            byPasskey.mutate()
          }}
        >
          {!byPasskey.isPending && <KeyRound />}Use a passkey
        </Button>
      </div>
      <p className="text-pretty text-muted">
        {signUp === 'open' && (
          <>
            No account yet?{' '}
            <Link href={paths.signUp()} className={quietLink}>
              Sign up
            </Link>
          </>
        )}
        {signUp === 'invitation' && 'No account yet? Ask a team admin for an invitation.'}
        {signUp === 'closed' && 'Sign-up is closed on this platform.'}
      </p>
    </div>
  )
}
