'use client'
import { Button } from '#components/ui/button.tsx'
import { spokenDuration } from '#components/ui/time-words.ts'
import { Time } from '#components/ui/time.tsx'
import type { PastCall } from './call-history.ts'

/** Calls made from this browser; one click puts one back into the editor. */
export function HistoryView({
  calls,
  load,
  clear,
}: {
  calls: readonly PastCall[]
  load: (call: PastCall) => void
  clear: () => void
}) {
  if (calls.length === 0)
    return (
      <p className="px-4 py-10 text-center text-muted">
        Calls that you send here are saved in this browser, so you can send them again.
      </p>
    )
  return (
    <>
      <ol className="divide-y divide-border">
        {calls.map((call, index) => (
          <li key={index}>
            <button
              type="button"
              data-focus-inside
              onClick={() => load(call)}
              title={call.request.body ?? undefined}
              className="flex h-[34px] w-full min-w-0 items-center gap-3 px-4 text-left hover:bg-hover"
            >
              <span
                className={`w-9 shrink-0 font-mono text-small ${call.status === null || call.status >= 500 ? 'text-bad' : call.status >= 400 ? 'text-warn' : 'text-ok'}`}
              >
                {call.status ?? 'none'}
              </span>
              <span className="min-w-0 grow truncate font-mono text-small">
                {call.request.endpoint ?? `${call.request.method} ${call.request.path}`}
                <span className="ml-2 text-muted">{call.request.body?.slice(0, 200)}</span>
              </span>
              <span className="hidden shrink-0 text-small text-muted sm:inline">{call.environment}</span>
              <span className="tabular w-16 shrink-0 text-right text-small text-muted">
                {call.durationMs === null ? '' : spokenDuration(call.durationMs)}
              </span>
              <Time at={call.at} className="w-20 shrink-0 text-right text-small text-muted" />
            </button>
          </li>
        ))}
      </ol>
      <div className="border-t border-border px-4 py-2">
        <Button size="small" kind="quiet" onClick={clear}>
          Clear the history
        </Button>
      </div>
    </>
  )
}
