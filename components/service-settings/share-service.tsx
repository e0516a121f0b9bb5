'use client'
import { zodResolver } from '@hookform/resolvers/zod'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Suspense } from 'react'
import { useForm } from 'react-hook-form'
import { z } from 'zod'
import { teamName } from '#contract/names.ts'
import type { Service } from '#contract/records.ts'
import type { Audience } from '#contract/routing.ts'
import { perMinute, readables } from '#contract/sharing.ts'
import { toastDone } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import { useService } from '#components/frame/service.ts'
import { DialogForm } from '#components/ui/dialog-form.tsx'
import { Field } from '#components/ui/field.tsx'
import { Input, Select } from '#components/ui/input.tsx'
import { Checkbox } from '#components/ui/checkbox.tsx'
import { TeamSuggestions } from './team-suggestions.tsx'
import { LosingAccess } from './losing-access.tsx'
import { audienceMeanings, readableWords, spokenAudience } from './who-may-call.ts'

const kinds = ['team', 'teams', 'platform', 'anyone'] as const
const wordsOf = (text: string) => [
  ...new Set(
    text
      .split(/[\s,]+/)
      .map((word) => word.replace(/^@/, ''))
      .filter((word) => word !== ''),
  ),
]

const numberOf = (text: string) => (text.trim() === '' ? null : Number(text))

const schema = z
  .object({
    kind: z.enum(kinds),
    teams: z.string(),
    approval: z.boolean(),
    perMinute: z.string(),
    readable: z.enum(readables),
  })
  .superRefine(({ kind, teams, perMinute: number }, context) => {
    if (numberOf(number) !== null && !perMinute.safeParse(numberOf(number)).success)
      context.addIssue({ code: 'custom', path: ['perMinute'], message: 'A whole number, from 1 to 1,000,000' })
    if (kind !== 'teams') return
    const names = wordsOf(teams)
    const bad = names.find((name) => !teamName.safeParse(name).success)
    if (names.length === 0) context.addIssue({ code: 'custom', path: ['teams'], message: 'Enter at least one team' })
    else if (bad !== undefined)
      context.addIssue({ code: 'custom', path: ['teams'], message: `Invalid team name: ${bad}` })
  })

const audienceOf = ({ kind, teams }: { kind: (typeof kinds)[number]; teams: string }): Audience =>
  kind === 'teams' ? { kind: 'teams', teams: wordsOf(teams) } : { kind }

/** Who may call it and read its source, in every environment, from this moment on. */
export function ShareService({ service, onDismiss }: { service: Service; onDismiss: () => void }) {
  const { audience } = service
  const isLocked = service.locked.includes('audience')
  const at = useService()
  const trpc = useTRPC()
  const queries = useQueryClient()
  const form = useForm({
    resolver: zodResolver(schema),
    defaultValues: {
      kind: audience.kind,
      teams: audience.kind === 'teams' ? audience.teams.join(', ') : '',
      approval: service.approval,
      perMinute: service.perMinute === null ? '' : String(service.perMinute),
      readable: service.readable,
    },
  })
  const share = useMutation(
    trpc.services.share.mutationOptions({
      onSuccess: (_, given) => {
        void queries.invalidateQueries(trpc.services.pathFilter())
        onDismiss()
        toastDone(
          `${at.service} may be called by: ${spokenAudience(given.audience ?? audience).toLowerCase()}${given.approval ? ', once approved' : ''}`,
        )
      },
    }),
  )
  const kind = form.watch('kind')
  const { errors } = form.formState
  return (
    <DialogForm
      title="Who may call it"
      description="In every environment. Takes effect with the next call."
      place="side"
      form={form}
      submit="Share"
      busy={share.isPending}
      error={share.error}
      onSubmit={(given) =>
        share.mutate({
          team: at.team,
          service: at.service,
          ...(!isLocked && { audience: audienceOf(given) }),
          approval: (given.kind === 'teams' || given.kind === 'platform') && given.approval,
          perMinute: numberOf(given.perMinute),
          readable: given.readable,
        })
      }
      onDismiss={onDismiss}
    >
      <fieldset className="flex flex-col gap-2">
        <legend className="sr-only">Audience</legend>
        {kinds.map((each) => (
          <label
            key={each}
            className="flex cursor-pointer items-start gap-2.5 rounded border border-border px-3 py-2 hover:border-border-strong has-checked:border-accent has-checked:bg-accent-soft has-focus-visible:outline-2 has-focus-visible:outline-offset-1 has-focus-visible:outline-accent"
          >
            <input
              type="radio"
              value={each}
              disabled={isLocked}
              {...form.register('kind')}
              className="mt-[3px] size-3.5 shrink-0 accent-action"
            />
            <span>
              <span className="font-medium">{audienceMeanings[each].title}</span>
              <span className="block text-small text-pretty text-muted">{audienceMeanings[each].about}</span>
            </span>
          </label>
        ))}
      </fieldset>
      {kind === 'teams' && (
        <Field label="Teams" hint="Team names, separated by commas." error={errors.teams?.message}>
          {(control) => (
            <>
              <Input
                {...control}
                {...form.register('teams')}
                autoFocus
                autoComplete="off"
                placeholder="payments, support"
                className="font-mono"
              />
              <TeamSuggestions
                typed={form.watch('teams')}
                onChoose={(teams) => {
                  form.setValue('teams', teams, { shouldDirty: true })
                  form.setFocus('teams')
                }}
              />
            </>
          )}
        </Field>
      )}
      {isLocked && <p className="text-muted">The audience is set in m3o.json in the source: change it there.</p>}
      <Suspense>
        <LosingAccess audience={audienceOf(form.watch())} />
      </Suspense>
      {(kind === 'teams' || kind === 'platform') && (
        <Checkbox
          {...form.register('approval')}
          label="Require approval"
          hint="Other teams must request approval with a reason. Their calls are refused until you approve."
        />
      )}
      {kind !== 'team' && (
        <Field
          label="Calls a minute for each other team"
          optional
          hint="Empty: without a limit. Set a limit for one team in Consumers."
          error={errors.perMinute?.message}
        >
          {(control) => (
            <Input {...control} {...form.register('perMinute')} inputMode="numeric" className="tabular w-40" />
          )}
        </Field>
      )}
      <Field label="Source access" error={errors.readable?.message}>
        {(control) => (
          <Select {...control} {...form.register('readable')}>
            {readables.map((each) => (
              <option key={each} value={each}>
                {readableWords[each]}
              </option>
            ))}
          </Select>
        )}
      </Field>
      {kind === 'anyone' && (
        <p role="status" className="rounded border border-warn/40 bg-warn-soft px-3 py-2 text-pretty">
          Anyone who can reach the gateway can call every endpoint. The service is not told who they are.
        </p>
      )}
    </DialogForm>
  )
}
