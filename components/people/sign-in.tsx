'use client'
import { useMutation, useQuery } from '@tanstack/react-query'
import { paths } from '#client/paths.ts'
import { Button } from '#components/ui/button.tsx'
import { Field } from '#components/ui/field.tsx'
import { Input } from '#components/ui/input.tsx'
import { notify } from '#components/ui/toast.ts'
import { enter } from './enter.ts'
import { PlainForm } from './plain-form.tsx'
import { otherProviders, signInWith } from './providers.ts'

/** `to`: where to go on, a path of the console. */
export function SignIn({ to }: { to: string | null }) {
  const on = insideConsole(to) ?? paths.home()
  const signIn = useMutation({ mutationFn: enter, onSuccess: () => location.assign(on) })
  const providers = useQuery({ queryKey: ['sign-in providers'], queryFn: otherProviders })
  return (
    <>
      <PlainForm submit="Sign in" busy={signIn.isPending || signIn.isSuccess} error={signIn.error} fields={[]} onSubmit={({ email = '', password = '' }) => signIn.mutate({ email, password })}>
        <Field label="Email">{(control) => <Input {...control} name="email" type="email" required autoFocus autoComplete="username" className="h-9!" />}</Field>
        <Field label="Password">{(control) => <Input {...control} name="password" type="password" required autoComplete="current-password" className="h-9!" />}</Field>
      </PlainForm>
      {(providers.data ?? []).map(({ id, name }) => (
        <Button key={id} className="mt-2 h-9! w-full" onClick={() => { signInWith(id, on).catch(notify.problem) }}>Sign in with {name}</Button>
      ))}
    </>
  )
}

/** Only a path of this console, never another site: the address is anybody's to write. */
export function insideConsole(to: string | null): string | undefined {
  if (to === null || !/^\/(?![/\\])/.test(to)) return undefined
  const url = new URL(to, 'http://console.invalid')
  return url.origin === 'http://console.invalid' ? `${url.pathname}${url.search}${url.hash}` : undefined
}
