'use client'
import { useMutation } from '@tanstack/react-query'
import { paths } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { Field } from '#components/ui/field.tsx'
import { Input } from '#components/ui/input.tsx'
import { fieldError, PlainForm } from './plain-form.tsx'

export function NewTeam() {
  const trpc = useTRPC()
  const create = useMutation(
    trpc.teams.create.mutationOptions({
      onSuccess: (team) => location.assign(paths.catalogue({ team: team.name, environment: 'production' })),
    }),
  )
  return (
    <PlainForm
      submit="Create team"
      busy={create.isPending || create.isSuccess}
      error={create.error}
      fields={['name']}
      onSubmit={({ name = '' }) => create.mutate({ name })}
    >
      <Field
        label="Name"
        hint="Part of its services’ addresses: at most 19 lower-case letters, digits, dashes."
        error={fieldError(create.error, 'name')}
      >
        {(control) => <Input {...control} name="name" required autoFocus className="h-9! font-mono" />}
      </Field>
    </PlainForm>
  )
}
