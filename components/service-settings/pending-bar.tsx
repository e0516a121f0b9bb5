'use client'
import { RotateCw } from 'lucide-react'
import type { Service } from '#contract/records.ts'
import type { OfService } from '#client/paths.ts'
import { useEnvironment } from '#components/frame/environment.ts'
import { inEnvironment } from '#components/frame/production.ts'
import { useReasons, useRestart } from '#components/service/service-actions.tsx'
import { Button } from '#components/ui/button.tsx'

/** What runs was started with other settings than those below; a restart brings them in, and loses no request. */
export function PendingBar({ at, service }: { at: OfService; service: Service }) {
  const environment = useEnvironment()
  const restart = useRestart(at)
  const { restart: reason } = useReasons(at, service)
  if (!service.pending) return null
  return (
    <div
      role="status"
      className="flex flex-wrap items-center gap-x-4 gap-y-2 rounded border border-warn/40 bg-warn-soft px-3 py-2"
    >
      <p className="min-w-0 grow basis-64 text-pretty">
        The running revision in {at.environment} was started before the last changes here. They take effect with the
        next deployment or restart.
      </p>
      <Button reason={reason} busy={restart.busy || service.state === 'deploying'} onClick={restart.run}>
        <RotateCw />
        {environment === undefined ? 'Restart' : inEnvironment('Restart', environment)}
      </Button>
    </div>
  )
}
