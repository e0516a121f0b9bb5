'use client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { GitMerge, Rocket } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import type { EnvironmentDiff } from '#contract/promotions.ts'
import { type InTeam, paths } from '#client/paths.ts'
import { toastDone } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import { useEnvironments } from '#components/frame/environment.ts'
import { useMay } from '#components/frame/may.ts'
import { Button } from '#components/ui/button.tsx'
import { Checkbox } from '#components/ui/checkbox.tsx'
import { Dialog } from '#components/ui/dialog.tsx'
import { ErrorLine } from '#components/ui/error-state.tsx'
import { ChecksList } from './checks-list.tsx'

/** Chooses what moves, shows what stands in its way, and begins; its progress has a page of its own. */
export function PromoteDialog({
  place,
  diff,
  onDismiss,
}: {
  place: InTeam
  diff: EnvironmentDiff
  onDismiss: () => void
}) {
  const trpc = useTRPC()
  const router = useRouter()
  const queries = useQueryClient()
  const movable = diff.services.filter(({ here, relation }) => here?.own && relation !== 'same')
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set())
  const chosen = movable.filter(({ service }) => !left.has(service))
  const checks = diff.checks.filter(
    ({ code, service }) => code !== 'same' && (service === null || chosen.some((one) => one.service === service)),
  )
  const stopping = checks.find(({ stops }) => stops)
  const lacking = checks.flatMap((check) => (check.code === 'lacks' && check.service !== null ? [check.service] : []))
  const again = () => void queries.invalidateQueries(trpc.environments.diff.pathFilter())
  const needsApproval = useEnvironments().find(({ name }) => name === diff.against)?.protection?.approval === true
  const mayMerge = useMay()('service.deploy')
  const promote = useMutation(
    trpc.promotions.start.mutationOptions({
      onSuccess: ({ promotionId, request }) => {
        if (promotionId !== null) return router.push(paths.promotion(place, promotionId))
        void queries.invalidateQueries(trpc.promotions.requests.pathFilter())
        toastDone(`Requested approval to promote to ${request?.into ?? diff.against}`, {
          description: 'Another person who may promote there can approve it in Environments.',
        })
        onDismiss()
      },
      onError: again,
    }),
  )
  const merge = useMutation(
    trpc.promotions.merge.mutationOptions({
      onSuccess: ({ deployments }) => {
        toastDone(`Merged ${deployments.map(({ service }) => service).join(', ')}`, {
          description: `It is being deployed to ${diff.environment}. Test it there, then promote.`,
        })
        onDismiss()
      },
      onSettled: again,
    }),
  )
  const input = { team: place.team, environment: diff.environment, services: chosen.map(({ service }) => service) }
  const toggle = (service: string) =>
    setLeft((old) =>
      old.has(service) ? new Set([...old].filter((one) => one !== service)) : new Set([...old, service]),
    )
  const reason =
    chosen.length === 0
      ? 'Choose a service first'
      : stopping === undefined
        ? null
        : `${stopping.service === null ? '' : `${stopping.service}: `}${stopping.message}`
  return (
    <Dialog
      place="side"
      title={`Promote to ${diff.against}`}
      description={`Exactly these revisions, as they run in ${diff.environment}. All deployments become live, or none. Variables are not promoted.`}
      onDismiss={onDismiss}
      footer={
        <>
          <Button onClick={onDismiss}>Cancel</Button>
          <Button
            kind="primary"
            busy={promote.isPending}
            reason={reason}
            onClick={() =>
              promote.mutate({
                ...input,
                generation: diff.generation,
                seen: Object.fromEntries(
                  chosen.flatMap(({ service, seen }) => (seen === null ? [] : [[service, seen]])),
                ),
              })
            }
          >
            <Rocket />
            {needsApproval ? `Request approval to promote to ${diff.against}` : `Promote to ${diff.against}`}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        {promote.error !== null && <ErrorLine error={promote.error} />}
        {merge.error !== null && <ErrorLine error={merge.error} />}
        <ul
          aria-label="Services to promote"
          className="divide-y divide-border overflow-hidden rounded border border-border"
        >
          {movable.map((row) => (
            <li key={row.serviceId} className="px-3 py-2">
              <Checkbox
                checked={!left.has(row.service)}
                onChange={() => toggle(row.service)}
                label={<span className="font-medium">{row.service}</span>}
                hint={
                  <>
                    <code>{row.there?.revision ?? 'none'}</code> → <code>{row.here?.revision}</code>
                    {row.ahead > 0 && ` · ${row.ahead} ${row.ahead === 1 ? 'change' : 'changes'}`}
                    {row.here !== null && row.here.by !== '' && ` · ${row.here.by}`}
                  </>
                }
              />
            </li>
          ))}
        </ul>
        <ChecksList checks={checks} />
        {lacking.length > 0 && (
          <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
            <Button
              busy={merge.isPending}
              reason={mayMerge}
              onClick={() => merge.mutate({ ...input, services: lacking })}
            >
              <GitMerge />
              Merge {diff.against}
            </Button>
            <span className="grow basis-48 text-small text-muted">
              Merges it into {lacking.join(', ')} and deploys the result to {diff.environment}.
            </span>
          </div>
        )}
      </div>
    </Dialog>
  )
}
