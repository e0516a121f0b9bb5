'use client'
import { useMutation } from '@tanstack/react-query'
import Link from 'next/link'
import { paths } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { Field } from '#components/ui/field.tsx'
import { Input } from '#components/ui/input.tsx'
import { fieldError, PlainForm, quietLink } from './plain-form.tsx'

export type Asked = 'link' | 'reset' | 'sign-up'

/** Asks for a message with a link. The answer is the same whether there is an account or not. */
export function AskForMessage({ what }: { what: Asked }) {
  const trpc = useTRPC()
  const procedure = {
    link: trpc.signIn.requestLink,
    reset: trpc.signIn.requestReset,
    'sign-up': trpc.signIn.requestSignUp,
  }[what]
  const ask = useMutation(procedure.mutationOptions())
  return (
    <div className="flex flex-col gap-4">
      {ask.isSuccess ? (
        <Sent what={what} email={ask.variables.email} mailed={ask.data.mailed} />
      ) : (
        <PlainForm
          submit={what === 'sign-up' ? 'Continue' : 'Send the link'}
          busy={ask.isPending}
          error={ask.error}
          fields={['email']}
          onSubmit={({ email = '' }) => ask.mutate({ email })}
        >
          <Field label="Email" error={fieldError(ask.error, 'email')}>
            {(control) => (
              <Input
                {...control}
                name="email"
                type="email"
                required
                autoFocus
                autoComplete="username"
                className="h-9!"
              />
            )}
          </Field>
        </PlainForm>
      )}
      <p>
        <Link href={paths.signIn()} className={quietLink}>
          Back to signing in
        </Link>
      </p>
    </div>
  )
}

function Sent({ what, email, mailed }: { what: Asked; email: string; mailed: boolean }) {
  const whom =
    what === 'sign-up' ? (
      <>
        <strong className="break-all">{email}</strong> gets a link to continue
      </>
    ) : (
      <>
        If there is an account of <strong className="break-all">{email}</strong>, it gets a link
      </>
    )
  return (
    <div role="status" className="flex flex-col gap-2 text-pretty">
      {mailed ? (
        <p>{whom}. It works once. Check your mail.</p>
      ) : (
        <>
          <p>
            Your request was sent to the operators of this platform. The platform sends no mail, so ask an operator for
            the link.
          </p>
          <p className="text-muted">They find it in Settings, Platform.</p>
        </>
      )}
    </div>
  )
}
