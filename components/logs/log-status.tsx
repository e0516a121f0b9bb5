'use client'
import { ArrowDown, Pause, Play, RotateCw } from 'lucide-react'
import { useEffect, useState } from 'react'
import { Button, IconButton } from '#components/ui/button.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { sentence } from '#components/ui/problem.ts'
import { Spinner } from '#components/ui/spinner.tsx'
import type { LogSession } from './log-session.ts'
import { useOfSession } from './use-session-version.ts'

/** Above the first row: whether there is more. */
export function Lead({ session, filtered }: { session: LogSession; filtered: boolean }) {
  if (session.older === 'reading')
    return (
      <>
        <Spinner />
        Reading older lines…
      </>
    )
  if (session.older === 'none') return filtered ? 'No older lines match the filters' : 'Beginning of the log'
  if (session.older === 'failed')
    return (
      <>
        {sentence(session.endError?.message ?? 'older lines could not be read')}
        <Button
          size="small"
          onClick={() => {
            session.older = 'more'
            void session.readOlder()
          }}
        >
          <RotateCw />
          Try again
        </Button>
      </>
    )
  return null
}

export function PauseButton({ session }: { session: LogSession | null }) {
  const paused = useOfSession(session, (one) => one?.paused ?? false)
  const reason =
    session === null ? 'Lines are loading' : !session.isLive ? 'The range ends in the past: no new lines' : null
  return (
    <IconButton
      label={paused ? 'Go on' : 'Pause'}
      keys="space"
      reason={reason}
      aria-pressed={paused}
      onClick={() => (paused ? void session?.toEnd() : session?.pause())}
    >
      {paused ? <Play /> : <Pause />}
    </IconButton>
  )
}

/** What waits below; pressed, it goes there. */
export function NewLines({ session, onPress }: { session: LogSession; onPress: () => void }) {
  useOfSession(session, (one) => one && [one.waiting, one.paused, one.following, one.attached, one.newer].join())
  const behind = useBehind(session)
  const { waiting, paused, following, attached, newer } = session
  if (following && !paused) {
    if (behind < 5) return null
    return <Pill onPress={onPress}>{behind} s behind: skip to now</Pill>
  }
  if (!session.isLive && attached) return null
  const count = waiting.toLocaleString('en-GB')
  const words =
    newer === 'failed'
      ? 'Newer lines could not be read: to the newest'
      : waiting === 0
        ? paused
          ? 'Paused'
          : 'Newest lines'
        : `${paused ? 'Paused, ' : ''}${count} new ${waiting === 1 ? 'line' : 'lines'}`
  return <Pill onPress={onPress}>{words}</Pill>
}

function Pill({ onPress, children }: { onPress: () => void; children: React.ReactNode }) {
  return (
    <button
      type="button"
      onClick={onPress}
      data-new-lines
      className="tabular absolute bottom-3 left-1/2 z-10 flex h-7 -translate-x-1/2 items-center gap-1.5 rounded-full border border-border-strong bg-raised px-3 text-small font-medium whitespace-nowrap shadow-float hover:bg-hover"
    >
      {children}
      <ArrowDown aria-hidden className="size-3.5" />
    </button>
  )
}

/** Seconds that the newest line in sight is old while others wait to be taken; 0 when the page keeps up. */
function useBehind(session: LogSession): number {
  const [behind, setBehind] = useState(0)
  useEffect(() => {
    const timer = setInterval(() => setBehind(session.behindSeconds()), 1_000)
    return () => clearInterval(timer)
  }, [session])
  return behind
}

export function NoLines({
  session,
  filtered,
  service,
  clear,
  widen,
}: {
  session: LogSession
  filtered: boolean
  service: string | undefined
  clear: () => void
  /** Shows the lines of that time that carry no trace id. */
  widen: (() => void) | null
}) {
  if (session.older === 'reading' || session.older === 'more')
    return (
      <p role="status" className="flex items-center justify-center gap-2 py-16 text-muted">
        <Spinner />
        Searching older lines…
      </p>
    )
  if (widen !== null) {
    return (
      <EmptyState
        title="No lines have this trace id"
        action={
          <Button kind="primary" onClick={widen}>
            Show all lines around that time
          </Button>
        }
      >
        Log the field <code className="text-text">trace</code>, in the SDK{' '}
        <code className="text-text">context().trace</code>, to find the lines of a call.
      </EmptyState>
    )
  }
  if (filtered)
    return (
      <EmptyState title="No lines match the filters" action={<Button onClick={clear}>Clear the filters</Button>}>
        {session.isLive ? 'New matching lines appear here automatically.' : 'No lines in this time range match.'}
      </EmptyState>
    )
  return (
    <EmptyState title={service === undefined ? 'No logs yet' : `${service} has no logs yet`}>
      Everything that a service prints appears here as it is printed. Print one JSON object per line, such as{' '}
      <code className="text-text">{'{"level":"info","msg":"paid","order":17}'}</code>, to search by field.
    </EmptyState>
  )
}
