'use client'
import { zodResolver } from '@hookform/resolvers/zod'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useForm } from 'react-hook-form'
import { z } from 'zod'
import { useTRPC } from '#client/trpc.ts'
import { useEnvironments } from '#components/frame/environment.ts'
import { useMay } from '#components/frame/may.ts'
import { usePlace } from '#components/frame/place.ts'
import { DialogForm } from '#components/ui/dialog-form.tsx'
import { Field } from '#components/ui/field.tsx'
import { Input, Select } from '#components/ui/input.tsx'
import { ShownOnce } from '#components/ui/shown-once.tsx'
import { CiSnippets } from './ci-snippets.tsx'
import { type ScopeKey, scopeChoices } from '#contract/token-scope.ts'

const day = 86_400_000
const lives = [
  { days: 30, label: '30 days' },
  { days: 90, label: '90 days' },
  { days: 365, label: 'a year' },
  { days: 0, label: 'no end' },
] as const
const keys = scopeChoices.map(({ key }) => key) as [ScopeKey, ...ScopeKey[]]
const schema = z.object({
  who: z.enum(['me', 'machine']),
  name: z.string().trim().min(1, 'enter a name').max(80),
  scope: z.enum(keys),
  services: z.string(),
  environments: z.string(),
  environment: z.string(),
  days: z.string(),
})

/** `forCi`: filled in for a pipeline, which is then shown what it needs. */
export function NewToken({ forCi = false, onDismiss }: { forCi?: boolean; onDismiss: () => void }) {
  const place = usePlace()
  const { team } = place
  const trpc = useTRPC()
  const queries = useQueryClient()
  const environments = useEnvironments()
  const own = useQuery(trpc.services.catalogue.queryOptions(place)).data?.filter((each) => each.team === team) ?? []
  const noMachine = useMay()('member.write')
  const form = useForm({
    resolver: zodResolver(schema),
    defaultValues: {
      who: forCi && noMachine === null ? 'machine' : 'me',
      name: forCi ? 'ci' : '',
      scope: forCi ? 'deploy' : 'all',
      services: '',
      environments: '',
      environment: 'production',
      days: '90',
    } as z.infer<typeof schema>,
  })
  const create = useMutation(
    trpc.tokens.create.mutationOptions({ onSuccess: () => queries.invalidateQueries(trpc.tokens.pathFilter()) }),
  )
  const { errors } = form.formState
  if (create.data !== undefined) {
    return (
      <ShownOnce
        title={`Token ${create.data.name}`}
        secret={create.data.token}
        onDismiss={onDismiss}
        more={forCi && <CiSnippets />}
      >
        Pass it to the program as <code>M3O_TOKEN</code>, or send it as <code>Authorization: Bearer</code>.
      </ShownOnce>
    )
  }
  return (
    <DialogForm
      title={forCi ? 'Token for CI' : 'New token'}
      place="side"
      form={form}
      submit="Create token"
      busy={create.isPending}
      error={create.error}
      onSubmit={({ who, name, scope, services: onlyService, environments: onlyEnvironment, environment, days }) => {
        const actions = scopeChoices.find(({ key }) => key === scope)?.actions ?? null
        create.mutate({
          team,
          name,
          machine: who === 'machine' ? { role: scope === 'read' ? 'viewer' : 'developer' } : null,
          environment: environment === 'production' ? null : environment,
          scope: {
            ...(actions !== null && { actions: [...actions] }),
            ...(onlyService !== '' && { services: [onlyService] }),
            ...(onlyEnvironment !== '' && { environments: [onlyEnvironment] }),
          },
          expiresAt: days === '0' ? null : Date.now() + Number(days) * day,
        })
      }}
      onDismiss={onDismiss}
    >
      <Field label="Name" hint="The program that uses it: ci, grafana, my script." error={errors.name?.message}>
        {(control) => <Input {...control} {...form.register('name')} autoFocus />}
      </Field>
      <Field
        label="Acts as"
        error={errors.who?.message}
        hint={
          noMachine === null
            ? 'A machine token belongs to the team: it stays when you leave, and has at most the role developer.'
            : `You. Machine token: ${noMachine}.`
        }
      >
        {(control) => (
          <Select {...control} {...form.register('who')}>
            <option value="me">Me: it stops working when I leave the team</option>
            <option value="machine" disabled={noMachine !== null}>
              The team (machine token)
            </option>
          </Select>
        )}
      </Field>
      <Field label="May" error={errors.scope?.message} hint="Never more than your own permissions.">
        {(control) => (
          <Select {...control} {...form.register('scope')}>
            {scopeChoices.map(({ key, label }) => (
              <option key={key} value={key}>
                {label}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <div className="grid grid-cols-2 gap-3">
        <Field label="Services">
          {(control) => (
            <Select {...control} {...form.register('services')}>
              <option value="">All</option>
              {own.map(({ id, name }) => (
                <option key={id} value={name}>
                  {name}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Field label="Environments">
          {(control) => (
            <Select {...control} {...form.register('environments')}>
              <option value="">All</option>
              {environments.map(({ id, name }) => (
                <option key={id} value={name}>
                  {name}
                </option>
              ))}
            </Select>
          )}
        </Field>
      </div>
      <Field
        label="Calls in"
        error={errors.environment?.message}
        hint="Environment of its calls, unless a call names another."
      >
        {(control) => (
          <Select {...control} {...form.register('environment')}>
            {environments.map(({ id, name }) => (
              <option key={id} value={name}>
                {name}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <Field label="Expires after" error={errors.days?.message}>
        {(control) => (
          <Select {...control} {...form.register('days')}>
            {lives.map(({ days, label }) => (
              <option key={days} value={days}>
                {label}
              </option>
            ))}
          </Select>
        )}
      </Field>
    </DialogForm>
  )
}
