'use client'
import { useQuery } from '@tanstack/react-query'
import { CircleAlert } from 'lucide-react'
import Link from 'next/link'
import { type ReactNode, useMemo } from 'react'
import type { Deployment } from '#contract/records.ts'
import { type OfService, paths } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { FailureText, type Place } from '#components/deployments/failure-text.tsx'
import { headAndRest, sentence } from '#components/ui/problem.ts'

/** What went wrong, what to do, how the process ended, and what it said last. */
export function DeploymentFailure({
  at,
  deployment,
  error,
}: {
  at: OfService
  deployment: Deployment
  error: NonNullable<Deployment['error']>
}) {
  const { state } = deployment
  const { head, rest } = headAndRest(error.message)
  const { data: tree } = useQuery(useTRPC().source.tree.queryOptions({ ...at, ref: { commit: deployment.commit } }))
  const files = useMemo(() => new Set((tree ?? []).map(({ path }) => path)), [tree])
  const link = (place: Place, text: string) => (
    <Link className="text-accent underline underline-offset-2" href={paths.code(at, place)}>
      {text}
    </Link>
  )
  const bad = state === 'failed' || state === 'reverted'
  return (
    <section
      role={bad ? 'alert' : undefined}
      aria-label="Reason of the failure"
      className={`overflow-hidden rounded border ${bad ? 'border-bad/40' : 'border-border'}`}
    >
      <div className={`flex items-start gap-2 px-3 py-2.5 ${bad ? 'bg-bad-soft' : 'bg-raised'}`}>
        <CircleAlert aria-hidden className={`mt-[3px] size-3.5 shrink-0 ${bad ? 'text-bad' : 'text-muted'}`} />
        <div className="min-w-0 break-words">
          <p className="font-medium">
            <FailureText text={sentence(head)} files={files} link={link} />
          </p>
          {error.fix !== undefined && <p>{sentence(error.fix)}</p>}
          <StillLive at={at} deployment={deployment} />
          <p className="mt-1 flex flex-wrap gap-x-3 font-mono text-small text-muted">
            <span>{error.code}</span>
            {error.exitCode != null && <span>exit code {error.exitCode}</span>}
            {error.signal != null && <span>{error.signal}</span>}
          </p>
        </div>
      </div>
      {rest !== '' && (
        <Printed label="Log lines around it">
          <FailureText text={rest} files={files} link={link} />
        </Printed>
      )}
      {error.lines !== undefined && error.lines.length > 0 && (
        <Printed label="Last log lines">
          <FailureText text={error.lines.join('\n')} files={files} link={link} />
        </Printed>
      )}
    </section>
  )
}

function Printed({ label, children }: { label: string; children: ReactNode }) {
  return (
    <pre
      tabIndex={0}
      data-focus-inside
      aria-label={label}
      className="max-h-80 overflow-auto border-t border-border bg-sunken px-3 py-2 text-small"
    >
      {children}
    </pre>
  )
}

/** Which revision goes on receiving calls: what somebody wants to know first when a deployment failed. */
function StillLive({ at, deployment }: { at: OfService; deployment: Deployment }) {
  const trpc = useTRPC()
  const { data: service } = useQuery(trpc.services.get.queryOptions(at))
  const { data: diff } = useQuery(trpc.deployments.diff.queryOptions({ team: at.team, deploymentId: deployment.id }))
  if (service === undefined || diff === undefined) return null
  if (diff.from === null) return <p>No revision was live in {at.environment} before.</p>
  const replaced = diff.from.slice(0, 7)
  return service.revision === replaced ? (
    <p>
      Revision <code>{replaced}</code> is still live in {at.environment}
      {diff.inheritedFrom !== null && `, inherited from ${diff.inheritedFrom}`}.
    </p>
  ) : (
    <p>
      Revision <code>{replaced}</code> stayed live in {at.environment}
      {service.revision === null ? (
        ''
      ) : (
        <>
          ; now it is <code>{service.revision}</code>
        </>
      )}
      .
    </p>
  )
}
