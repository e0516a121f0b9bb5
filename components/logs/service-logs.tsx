'use client'
import { useService } from '#components/frame/service.ts'
import { LogView } from './log-view.tsx'

/** What one service says, here and where it is inherited from. */
export function ServiceLogs() {
  const at = useService()
  return (
    <div className="flex h-full flex-col">
      <LogView key={`${at.team}/${at.environment}/${at.service}`} {...at} />
    </div>
  )
}
