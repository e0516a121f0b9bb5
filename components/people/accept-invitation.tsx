'use client'
import { useMutation, useSuspenseQuery } from '@tanstack/react-query'
import Link from 'next/link'
import { paths } from '#client/paths.ts'
import { signOut } from '#client/sign-in.ts'
import { useTRPC, useTRPCClient } from '#client/trpc.ts'
import { Button } from '#components/ui/button.tsx'
import { ErrorLine } from '#components/ui/error-state.tsx'
import { Field } from '#components/ui/field.tsx'
import { Input } from '#components/ui/input.tsx'
import { toastError } from '#client/toasts.ts'
import { enter } from './enter.ts'
import { fieldError, Or, PlainForm, quietLink } from './plain-form.tsx'
import { Providers } from './providers.tsx'

/** Joins the team: as who is signed in, with the account's password, or by making an account. */
export function AcceptInvitation({ secret }: { secret: string }) {
  const trpc = useTRPC()
  const client = useTRPCClient()
  const { data: invitation } = useSuspenseQuery(trpc.invitations.read.queryOptions({ secret }))
  const { email, hasAccount, signedInAs } = invitation
  const accept = useMutation({
    mutationFn: async ({ name, password }: { name?: string; password?: string }) => {
      const joined = await client.invitations.accept.mutate({
        secret,
        ...(name && { name }),
        ...(password && { password }),
      })
      if (password !== undefined)
        await enter({ email, password }, paths.catalogue({ team: joined.team, environment: 'production' }))
      return joined
    },
    onSuccess: ({ team }) => location.assign(paths.catalogue({ team, environment: 'production' })),
  })
  const busy = accept.isPending || accept.isSuccess
  const join = `Join ${invitation.team}`

  if (signedInAs?.toLowerCase() === email.toLowerCase()) {
    return (
      <div className="flex flex-col gap-3">
        {accept.error !== null && <ErrorLine error={accept.error} />}
        <Button kind="primary" className="h-9!" busy={busy} onClick={() => accept.mutate({})}>
          {join}
        </Button>
      </div>
    )
  }
  if (signedInAs !== null) {
    return (
      <div className="flex flex-col gap-3">
        <p>
          You are signed in as <strong>{signedInAs}</strong>, but this invitation is for <strong>{email}</strong>.
        </p>
        <Button
          className="h-9!"
          onClick={() => {
            signOut().then(() => location.reload(), toastError)
          }}
        >
          Sign out and continue as {email}
        </Button>
      </div>
    )
  }
  return (
    <div className="flex flex-col gap-4">
      <PlainForm
        submit={join}
        busy={busy}
        error={accept.error}
        fields={['name', 'password']}
        onSubmit={({ name, password }) =>
          accept.mutate({ ...(name !== undefined && { name }), ...(password !== undefined && { password }) })
        }
      >
        <Field label="Email">
          {(control) => <Input {...control} value={email} readOnly autoComplete="username" className="h-9!" />}
        </Field>
        {hasAccount !== true && (
          <Field
            label="Your name"
            {...(hasAccount === null && { hint: 'For a new account.' })}
            error={fieldError(accept.error, 'name')}
          >
            {(control) => (
              <Input
                {...control}
                name="name"
                required={hasAccount === false}
                maxLength={100}
                autoFocus
                autoComplete="name"
                className="h-9!"
              />
            )}
          </Field>
        )}
        <Field
          label="Password"
          {...(hasAccount !== true && {
            hint:
              hasAccount === null
                ? 'The password of your account. For a new account: at least 8 characters.'
                : 'At least 8 characters.',
          })}
          error={fieldError(accept.error, 'password')}
        >
          {(control) => (
            <Input
              {...control}
              name="password"
              type="password"
              required
              autoFocus={hasAccount === true}
              {...(hasAccount !== true && { minLength: 8 })}
              autoComplete={hasAccount === true ? 'current-password' : 'new-password'}
              className="h-9!"
            />
          )}
        </Field>
      </PlainForm>
      {invitation.providers.length > 0 && (
        <>
          <Or />
          <div className="flex flex-col gap-2">
            <Providers providers={invitation.providers} to={paths.invitation(secret)} />
          </div>
        </>
      )}
      {hasAccount !== false && (
        <p>
          <Link href={paths.signIn(paths.invitation(secret))} className={quietLink}>
            Sign in another way
          </Link>
        </p>
      )}
    </div>
  )
}
