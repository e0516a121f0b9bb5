'use client'
import { useMutation } from '@tanstack/react-query'
import { paths } from '#client/paths.ts'
import { useTRPC, useTRPCClient } from '#client/trpc.ts'
import { Button, ButtonLink } from '#components/ui/button.tsx'
import { ErrorLine } from '#components/ui/error-state.tsx'
import { Field } from '#components/ui/field.tsx'
import { Input } from '#components/ui/input.tsx'
import type { LinkKind } from '#contract/people.ts'
import { enter, enterBy } from './enter.ts'
import { fieldError, PlainForm } from './plain-form.tsx'

interface Given {
  code: string
  email: string
  kind: LinkKind
}

const goHome = () => location.assign(paths.home())

export function SignInByLink({ code, email }: Given) {
  const go = useMutation({ mutationFn: () => enterBy('link', { code }), onSuccess: goHome })
  return (
    <div className="flex flex-col gap-3">
      <p>
        You sign in as <strong className="break-all">{email}</strong>.
      </p>
      {go.error !== null && <ErrorLine error={go.error} />}
      <Button kind="primary" className="h-9!" busy={go.isPending || go.isSuccess} onClick={() => go.mutate()}>
        Continue
      </Button>
    </div>
  )
}

export function NewPassword({ code, email }: Given) {
  const client = useTRPCClient()
  const reset = useMutation({
    mutationFn: async (password: string) => {
      await client.signIn.reset.mutate({ code, password })
      await enter({ email, password })
    },
    onSuccess: goHome,
  })
  return (
    <PlainForm
      submit="Set the password"
      busy={reset.isPending || reset.isSuccess}
      error={reset.error}
      fields={['password']}
      onSubmit={({ password = '' }) => reset.mutate(password)}
    >
      <Field label="Email">
        {(control) => <Input {...control} value={email} readOnly autoComplete="username" className="h-9!" />}
      </Field>
      <Field
        label="New password"
        hint="At least 8 characters. This ends your sessions everywhere."
        error={fieldError(reset.error, 'password')}
      >
        {(control) => (
          <Input
            {...control}
            name="password"
            type="password"
            required
            minLength={8}
            autoFocus
            autoComplete="new-password"
            className="h-9!"
          />
        )}
      </Field>
    </PlainForm>
  )
}

export function SignUpForm({ code, email }: Given) {
  const client = useTRPCClient()
  const make = useMutation({
    mutationFn: async ({ name, password }: { name: string; password: string }) => {
      await client.signIn.signUp.mutate({ code, name, password })
      await enter({ email, password })
    },
    onSuccess: goHome,
  })
  return (
    <PlainForm
      submit="Create the account"
      busy={make.isPending || make.isSuccess}
      error={make.error}
      fields={['name', 'password']}
      onSubmit={({ name = '', password = '' }) => make.mutate({ name, password })}
    >
      <Field label="Email">
        {(control) => <Input {...control} value={email} readOnly autoComplete="username" className="h-9!" />}
      </Field>
      <Field label="Your name" error={fieldError(make.error, 'name')}>
        {(control) => (
          <Input {...control} name="name" required maxLength={100} autoFocus autoComplete="name" className="h-9!" />
        )}
      </Field>
      <Field label="Password" hint="At least 8 characters." error={fieldError(make.error, 'password')}>
        {(control) => (
          <Input
            {...control}
            name="password"
            type="password"
            required
            minLength={8}
            autoComplete="new-password"
            className="h-9!"
          />
        )}
      </Field>
    </PlainForm>
  )
}

export function ConfirmAddress({ code, email, kind }: Given) {
  const trpc = useTRPC()
  const confirm = useMutation(trpc.signIn.confirmAddress.mutationOptions())
  if (confirm.isSuccess) {
    return (
      <div className="flex flex-col gap-3">
        <p role="status" className="text-ok">
          {kind === 'verify' ? 'Your address is confirmed.' : 'This is now the address of your account.'}
        </p>
        <ButtonLink href={paths.home()} className="h-9!">
          Go to the console
        </ButtonLink>
      </div>
    )
  }
  return (
    <div className="flex flex-col gap-3">
      <p>
        {kind === 'verify' ? (
          <>
            <strong className="break-all">{email}</strong> is the address of your account.
          </>
        ) : (
          <>
            The address of your account becomes <strong className="break-all">{email}</strong>.
          </>
        )}
      </p>
      {confirm.error !== null && <ErrorLine error={confirm.error} />}
      <Button kind="primary" className="h-9!" busy={confirm.isPending} onClick={() => confirm.mutate({ code })}>
        Confirm the address
      </Button>
    </div>
  )
}
