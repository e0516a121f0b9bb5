'use client'
import { Square } from 'lucide-react'
import { Button } from '#components/ui/button.tsx'
import { useNow } from '#components/ui/now.ts'
import { Spinner } from '#components/ui/spinner.tsx'

/** A call that has no response yet: for how long, and a way to end it. */
export function UnderWay({ since, cancel }: { since: number; cancel: () => void }) {
  const now = useNow('fast')
  return (
    <div className="flex items-center gap-3 px-4 py-8">
      <Spinner className="size-4" />
      <span role="status">Waiting for the response</span>
      <span className="tabular text-muted">{(Math.max(0, now - since) / 1_000).toFixed(1)} s</span>
      <Button size="small" className="ml-auto" onClick={cancel}>
        <Square />
        Cancel
      </Button>
    </div>
  )
}
