'use client'
import { ClockTime } from '#components/ui/time.tsx'
import { Square } from 'lucide-react'
import { useEffect, useRef } from 'react'
import { Badge } from '#components/ui/badge.tsx'
import { Button } from '#components/ui/button.tsx'
import { ErrorLine } from '#components/ui/error-state.tsx'
import { StateMark, type StateMarkProps } from '#components/ui/state-mark.tsx'
import { parseJson } from './draft.ts'
import { JsonText } from './json-text.tsx'
import type { Streamed } from './use-stream.ts'

const marks: Record<Streamed['state'], StateMarkProps> = {
  open: { tone: 'busy', shape: 'turning', word: 'listening' },
  ended: { tone: 'ok', shape: 'full', word: 'the service ended it' },
  stopped: { tone: 'idle', shape: 'square', word: 'stopped' },
  'too many': { tone: 'warn', shape: 'half', word: 'stopped after 5,000 messages' },
  failed: { tone: 'bad', shape: 'cross', word: 'cut off' },
}

/** Messages as they come; the newest stay in sight as long as one has not scrolled away from them. */
export function StreamView({
  streamed: { head, messages, count, state, error },
  stop,
}: {
  streamed: Streamed
  stop: () => void
}) {
  const list = useRef<HTMLOListElement>(null)
  const follows = useRef(true)
  useEffect(() => {
    if (follows.current) list.current?.scrollTo({ top: list.current.scrollHeight })
  }, [messages])
  return (
    <>
      <div className="flex min-h-[46px] flex-wrap items-center gap-x-3 gap-y-1 border-b border-border px-4 py-2">
        {head !== null && (
          <Badge tone={head.status < 400 ? 'ok' : 'bad'} mono>
            {head.status} {head.statusText}
          </Badge>
        )}
        <span role="status">
          <StateMark {...marks[state]} />
        </span>
        <span className="tabular text-muted">
          {count === 1 ? '1 message' : `${count.toLocaleString('en-GB')} messages`}
        </span>
        {state === 'open' && (
          <Button size="small" className="ml-auto" onClick={stop}>
            <Square />
            Stop
          </Button>
        )}
      </div>
      {error !== null && (
        <div className="p-4">
          <ErrorLine error={error} />
        </div>
      )}
      {messages.length === 0 ? (
        state === 'open' && <p className="px-4 py-10 text-center text-muted">Messages appear here as they arrive.</p>
      ) : (
        <ol
          ref={list}
          tabIndex={0}
          data-focus-inside
          aria-label="Messages"
          className="max-h-[60dvh] divide-y divide-border overflow-y-auto"
          onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
            follows.current = scrollTop + clientHeight > scrollHeight - 24
          }}
        >
          {count > messages.length && (
            <li className="px-4 py-1.5 text-small text-muted">
              {(count - messages.length).toLocaleString('en-GB')} before these are not stored
            </li>
          )}
          {messages.map(({ n, at, text }) => (
            <li key={n} className="flex gap-3 px-4 py-1.5">
              <ClockTime at={at} className="shrink-0 font-mono text-small leading-5 text-muted" />
              <pre className="min-w-0 grow text-small leading-5 break-words whitespace-pre-wrap">
                <Message text={text} />
              </pre>
            </li>
          ))}
        </ol>
      )}
    </>
  )
}

function Message({ text }: { text: string }) {
  const value = parseJson(text)
  return value === undefined ? text : <JsonText text={JSON.stringify(value)} />
}
