'use client'
import { useQuery } from '@tanstack/react-query'
import { clsx } from 'clsx'
import { Rocket, Send } from 'lucide-react'
import Link from 'next/link'
import type { ReactNode } from 'react'
import { paths } from '#client/paths.ts'
import type { Deployment } from '#contract/records.ts'
import { isUnderWay, phases } from '#contract/states.ts'
import { useTRPC } from '#client/trpc.ts'
import { useCancel } from '#components/deployments/cancel.ts'
import { FailureText, type Place } from '#components/deployments/failure-text.tsx'
import { DeploymentStateMark } from '#components/deployments/deployment-state.tsx'
import { firstPage } from '#components/deployments/first-page.ts'
import { lastLike } from '#components/service-deployments/words.ts'
import { Button, ButtonLink } from '#components/ui/button.tsx'
import { ErrorLine } from '#components/ui/error-state.tsx'
import { headAndRest, sentence } from '#components/ui/problem.ts'
import { ShortId } from '#components/ui/short-id.tsx'
import { StateMark } from '#components/ui/state-mark.tsx'
import { Duration } from '#components/ui/time.tsx'
import { spokenDuration } from '#components/ui/time-words.ts'
import type { Deploying } from './deploy.ts'
import { useIde, useTree } from './ide.ts'
import { fileTab } from './workspace.ts'

/** The deployment that was begun here: its phases as they pass, and when it fails, why and where. */
export function DeploymentPanel({ deploying: { deployment, error, busy } }: { deploying: Deploying }) {
  const { at } = useIde()
  const cancel = useCancel(at.team)
  const earlier = useQuery({
    ...useTRPC().deployments.list.queryOptions(firstPage(at)),
    enabled: deployment !== null,
  }).data
  if (error !== null && error !== undefined && deployment === null)
    return (
      <div className="p-3">
        <ErrorLine error={error} />
      </div>
    )
  if (deployment === null)
    return (
      <p className="flex items-center gap-2 p-3 text-muted">
        <Rocket aria-hidden className="size-3.5 shrink-0" />
        {busy ? 'Saving the draft…' : 'Deployments from this editor appear here.'}
      </p>
    )
  const { state, phases: passed, durationMs } = deployment
  const last = lastLike(deployment, earlier ?? [])
  return (
    <div className="flex h-full flex-col gap-3 overflow-y-auto p-3">
      <div role="status" className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <DeploymentStateMark state={state} />
        <ShortId id={deployment.revision} />
        <span className="text-muted">in {deployment.environment}</span>
        {durationMs !== null && (
          <span className="text-muted">
            after <Duration ms={durationMs} />
          </span>
        )}
        {last?.durationMs != null && (
          <span className="tabular text-muted">last time {spokenDuration(last.durationMs)}</span>
        )}
        <Link className="text-accent" href={paths.deployment(at, deployment.id)}>
          Details
        </Link>
        {isUnderWay(state) && state !== 'switching' && (
          <Button size="small" onClick={() => cancel(deployment)}>
            Cancel
          </Button>
        )}
        {state === 'live' && (
          <ButtonLink size="small" href={paths.service(at, 'api')}>
            <Send />
            Call it
          </ButtonLink>
        )}
      </div>
      <ol className="flex flex-wrap gap-x-6 gap-y-1">
        {phases.map((name) => {
          const phase = passed.find((one) => one.name === name)
          const ended = phase !== undefined && phase.ms !== null
          const failed = phase !== undefined && phase === passed.at(-1) && state === 'failed'
          return (
            <li key={name} className={clsx('flex items-center gap-2', phase === undefined && 'text-muted')}>
              <StateMark
                tone={failed ? 'bad' : ended ? 'ok' : phase ? 'busy' : 'idle'}
                shape={failed ? 'cross' : ended ? 'full' : phase ? 'turning' : 'ring'}
                word={name}
              />
              <span className="w-14 text-small text-muted">
                {phase !== undefined && (
                  <Duration ms={phase.ms} {...(phase.ms === null && isUnderWay(state) && { since: phase.startedAt })} />
                )}
              </span>
            </li>
          )
        })}
      </ol>
      {deployment.error !== null && <Failure error={deployment.error} />}
    </div>
  )
}

/** The first line is the error message; the code frame and the last output below it keep their line breaks. */
function Failure({ error }: { error: NonNullable<Deployment['error']> }) {
  const { workspace } = useIde()
  const files = new Set(useTree().map(({ path }) => path))
  const { lines = [], exitCode, signal } = error
  const { head, rest } = headAndRest(error.message)
  const how = [exitCode !== null && exitCode !== undefined && `exit code ${exitCode}`, signal && `signal ${signal}`]
    .filter(Boolean)
    .join(', ')
  const link = (place: Place, text: string) => (
    <button
      type="button"
      className="text-accent underline underline-offset-2"
      onClick={() => workspace.open(fileTab(place.path), { at: place })}
    >
      {text}
    </button>
  )
  return (
    <div role="alert" className="flex min-w-0 flex-col gap-2">
      <p className="break-words">
        <span className="font-medium text-bad">
          <FailureText text={sentence(head)} files={files} link={link} />
        </span>{' '}
        {error.fix !== undefined && <span className="text-muted">{sentence(error.fix)}</span>}{' '}
        {how !== '' && <span className="font-mono text-small text-muted">{how}</span>}
      </p>
      {rest !== '' && (
        <Printed label="Log lines around it">
          <FailureText text={rest} files={files} link={link} />
        </Printed>
      )}
      {lines.length > 0 && (
        <Printed label="Last log lines">
          <FailureText text={lines.join('\n')} files={files} link={link} />
        </Printed>
      )}
    </div>
  )
}

function Printed({ label, children }: { label: string; children: ReactNode }) {
  return (
    <pre
      aria-label={label}
      tabIndex={0}
      data-focus-inside
      className="shrink-0 overflow-x-auto rounded border border-border bg-sunken p-2 text-small"
    >
      {children}
    </pre>
  )
}
