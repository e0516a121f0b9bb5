'use client'
import { useMutation } from '@tanstack/react-query'
import { paths } from '#client/paths.ts'
import { Field } from '#components/ui/field.tsx'
import { Input } from '#components/ui/input.tsx'
import { enter } from './enter.ts'
import { PlainForm } from './plain-form.tsx'

/** `to`: where to go on, a path of the console. */
export function SignIn({ to }: { to: string | null }) {
  const signIn = useMutation({ mutationFn: enter, onSuccess: () => location.assign(insideConsole(to) ?? paths.home()) })
  return (
    <PlainForm submit="Sign in" busy={signIn.isPending || signIn.isSuccess} error={signIn.error} fields={[]} onSubmit={({ email = '', password = '' }) => signIn.mutate({ email, password })}>
      <Field label="Email">{(control) => <Input {...control} name="email" type="email" required autoFocus autoComplete="username" className="h-9!" />}</Field>
      <Field label="Password">{(control) => <Input {...control} name="password" type="password" required autoComplete="current-password" className="h-9!" />}</Field>
    </PlainForm>
  )
}

/** Only a path of this console, never another site: the address is anybody's to write. */
export function insideConsole(to: string | null): string | undefined {
  if (to === null || !/^\/(?![/\\])/.test(to)) return undefined
  const url = new URL(to, 'http://console.invalid')
  return url.origin === 'http://console.invalid' ? `${url.pathname}${url.search}${url.hash}` : undefined
}
