'use client'
import { useConnection } from '#client/live.ts'
import { paths } from '#client/paths.ts'
import { Spinner } from '#components/ui/spinner.tsx'
import { StateMark } from '#components/ui/state-mark.tsx'
import { Tooltip } from '#components/ui/tooltip.tsx'

/** The one place that says whether what is shown is live. Its width is kept, so that nothing moves when it speaks. */
export function ConnectionMark() {
  const state = useConnection()
  if (state === 'signed-out') {
    return (
      <a
        href={paths.signIn()}
        className="flex h-6 items-center rounded bg-warn-soft px-2 text-small text-warn no-underline hover:underline"
      >
        Signed out: sign in again
      </a>
    )
  }
  return (
    <span role="status" className="flex h-6 items-center text-small sm:min-w-8 sm:justify-end">
      {state === 'disconnected' ? (
        <span className="flex items-center gap-1.5 rounded bg-warn-soft px-2 leading-6 text-warn">
          <Spinner className="size-3" />
          <span>
            <span className="sr-only sm:not-sr-only">Connection lost, </span>reconnecting
          </span>
        </span>
      ) : (
        <Tooltip content={state === 'connected' ? 'Live: changes appear automatically' : 'Connecting'}>
          <span tabIndex={0} className="flex size-6 items-center justify-center rounded">
            <StateMark
              compact
              tone={state === 'connected' ? 'ok' : 'idle'}
              shape={state === 'connected' ? 'full' : 'ring'}
              word={state === 'connected' ? 'Live' : 'Connecting'}
            />
          </span>
        </Tooltip>
      )}
    </span>
  )
}
