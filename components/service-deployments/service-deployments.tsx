'use client'
import { Rocket } from 'lucide-react'
import { useEffect, useRef } from 'react'
import { type OfService, paths } from '#client/paths.ts'
import { useDeployments } from '#components/deployments/use-deployments.ts'
import { useService } from '#components/frame/service.ts'
import { Button, ButtonLink } from '#components/ui/button.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { ErrorLine } from '#components/ui/error-state.tsx'
import { RowList } from '#components/ui/row-list.tsx'
import { RowsSkeleton } from '#components/ui/skeleton.tsx'
import { DeploymentRow } from './deployment-row.tsx'

/** What happened here, newest first; older ones come when one scrolls to them. */
export function ServiceDeployments() {
  const at = useService()
  const list = useDeployments(at)
  if (list.isPending) return <RowsSkeleton label="Loading deployments" />
  if (list.deployments.length === 0 && list.error === null) {
    return (
      <EmptyState
        icon={<Rocket />}
        title={`No deployments to ${at.environment} yet`}
        action={
          <ButtonLink kind="primary" href={paths.code(at)}>
            Open the editor
          </ButtonLink>
        }
      >
        Deploy from the editor, with <code className="text-text">m3o deploy</code>, or by{' '}
        <code className="text-text">git push</code>. Deployments appear here with their phases, changes and logs.
      </EmptyState>
    )
  }
  return (
    <div className="mx-auto flex max-w-[1280px] flex-col gap-4 px-4 py-5 sm:px-6">
      {list.error !== null && <ErrorLine error={list.error} />}
      <RowList label="Deployments">
        {list.deployments.map((deployment) => (
          <DeploymentRow key={deployment.id} at={at satisfies OfService} deployment={deployment} />
        ))}
      </RowList>
      {(list.hasOlder || list.isOlderPending) && <Older busy={list.isOlderPending} show={list.showOlder} />}
    </div>
  )
}

/** Asks for older ones when it comes into sight; also a button, for who does not scroll. */
function Older({ busy, show }: { busy: boolean; show: () => void }) {
  const mark = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (busy || mark.current === null) return
    const seen = new IntersectionObserver(
      ([entry]) => {
        if (entry?.isIntersecting) show()
      },
      { rootMargin: '400px' },
    )
    seen.observe(mark.current)
    return () => seen.disconnect()
  })
  return (
    <div ref={mark} className="flex justify-center">
      <Button busy={busy} onClick={show}>
        Show older
      </Button>
    </div>
  )
}
