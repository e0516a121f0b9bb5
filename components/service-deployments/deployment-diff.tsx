'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import type { Deployment } from '#contract/records.ts'
import type { OfService } from '#client/paths.ts'
import { type Outputs, useTRPC } from '#client/trpc.ts'
import { Badge } from '#components/ui/badge.tsx'
import { Section } from '#components/ui/page.tsx'
import { ChangedFiles } from './changed-files.tsx'
import { EndpointChanges } from './endpoint-changes.tsx'

type Diff = Outputs['deployments']['diff']

/** Code and variables compared with what it replaced. */
export function DeploymentDiff({
  at,
  deployment: { id: deploymentId, state },
}: {
  at: OfService
  deployment: Pick<Deployment, 'id' | 'state'>
}) {
  const trpc = useTRPC()
  const { data: diff } = useSuspenseQuery(trpc.deployments.diff.queryOptions({ team: at.team, deploymentId }))
  const { data: impacts } = useSuspenseQuery(trpc.deployments.impact.queryOptions({ team: at.team, deploymentId }))
  const added = diff.files.reduce((sum, file) => sum + file.added, 0)
  const removed = diff.files.reduce((sum, file) => sum + file.removed, 0)
  const tried = state !== 'live' && state !== 'reverted'
  const about =
    diff.from === null ? (
      'The first revision here: all files are new.'
    ) : (
      <>
        Compared with <code>{diff.from.slice(0, 7)}</code>
        {diff.inheritedFrom === null ? '' : `, inherited from ${diff.inheritedFrom}`}, which{' '}
        {tried ? 'was live when this deployment started' : 'it replaced'}.
      </>
    )
  return (
    <Section
      title="What changed"
      about={about}
      actions={
        diff.files.length > 0 && (
          <span className="tabular font-mono text-small">
            <span className="text-ok">+{added}</span> <span className="text-bad">−{removed}</span>
          </span>
        )
      }
    >
      <div className="flex flex-col gap-3">
        {impacts.length > 0 && <EndpointChanges impacts={impacts} label="Changed endpoints" />}
        {diff.files.length === 0 && diff.variables.length === 0 && (
          <p className="rounded border border-border bg-raised px-3 py-2 text-muted">
            No change: the same code{diff.inheritedFrom === null && ' and the same variables'}.
          </p>
        )}
        {diff.files.length > 0 && <ChangedFiles at={at} files={diff.files} from={diff.from} to={diff.to} />}
        {diff.variables.length > 0 && <VariableChanges changes={diff.variables} />}
      </div>
    </Section>
  )
}

function VariableChanges({ changes }: { changes: Diff['variables'] }) {
  return (
    <ul
      aria-label="Changed variables"
      className="divide-y divide-border overflow-hidden rounded border border-border bg-raised"
    >
      {changes.map(({ name, change, secret, before, after }) => (
        <li
          key={name}
          className="flex min-h-[34px] flex-wrap items-center gap-x-3 gap-y-1 px-3 py-1.5 font-mono text-small"
        >
          <span className="font-medium">{name}</span>
          <Badge>{secret ? 'secret' : 'variable'}</Badge>
          <span className="ml-auto min-w-0 break-all">
            {secret ? (
              <span className="font-sans text-muted">{change}</span>
            ) : (
              <>
                {before !== null && <del className="rounded-[4px] bg-bad-soft px-1 text-bad">{before}</del>}
                {before !== null && after !== null && <span className="text-muted"> → </span>}
                {after !== null && <ins className="rounded-[4px] bg-ok-soft px-1 text-ok no-underline">{after}</ins>}
              </>
            )}
          </span>
        </li>
      ))}
    </ul>
  )
}
