import { Lock } from 'lucide-react'
import { EmptyState } from '#components/ui/empty-state.tsx'

/** In place of what one's role does not show. */
export function Refused({ reason, what }: { reason: string; what: string }) {
  return (
    <EmptyState icon={<Lock />} title={`You cannot see ${what}`}>
      {reason}. Ask an admin of the team.
    </EmptyState>
  )
}
