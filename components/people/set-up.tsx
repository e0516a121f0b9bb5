'use client'
import { useMutation } from '@tanstack/react-query'
import { paths } from '#client/paths.ts'
import { useTRPCClient } from '#client/trpc.ts'
import { Field } from '#components/ui/field.tsx'
import { Input } from '#components/ui/input.tsx'
import { enter } from './enter.ts'
import { fieldError, PlainForm } from './plain-form.tsx'

/** The first person of an installation: its operator, and owner of its first team. */
export function SetUp({ code }: { code: string }) {
  const client = useTRPCClient()
  const make = useMutation({
    mutationFn: async (given: { name: string; email: string; password: string }) => {
      const made = await client.person.setUp.mutate({ code, ...given })
      await enter(given)
      return made
    },
    onSuccess: ({ team }) => location.assign(paths.catalogue({ team, environment: 'production' })),
  })
  const { error } = make
  return (
    <PlainForm
      submit="Create the account"
      busy={make.isPending || make.isSuccess}
      error={error}
      fields={['name', 'email', 'password']}
      onSubmit={({ name = '', email = '', password = '' }) => make.mutate({ name, email, password })}
    >
      <Field label="Your name" error={fieldError(error, 'name')}>
        {(control) => (
          <Input {...control} name="name" required maxLength={100} autoFocus autoComplete="name" className="h-9!" />
        )}
      </Field>
      <Field label="Email" error={fieldError(error, 'email')}>
        {(control) => (
          <Input {...control} name="email" type="email" required autoComplete="username" className="h-9!" />
        )}
      </Field>
      <Field label="Password" hint="At least 8 characters." error={fieldError(error, 'password')}>
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
