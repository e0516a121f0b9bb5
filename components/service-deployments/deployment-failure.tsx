import { CircleAlert } from 'lucide-react'
import type { Deployment } from '#contract/records.ts'
import { sentence } from '#components/ui/problem.ts'

/** What went wrong, what to do, how the process ended, and what it said last. */
export function DeploymentFailure({ error, state }: { error: NonNullable<Deployment['error']>; state: Deployment['state'] }) {
  const [first = '', ...rest] = error.message.split('\n')
  const lines = error.lines?.length ? error.lines : rest
  const bad = state === 'failed' || state === 'reverted'
  return (
    <section role={bad ? 'alert' : undefined} aria-label="Why it ended" className={`overflow-hidden rounded border ${bad ? 'border-bad/40' : 'border-border'}`}>
      <div className={`flex items-start gap-2 px-3 py-2.5 ${bad ? 'bg-bad-soft' : 'bg-raised'}`}>
        <CircleAlert aria-hidden className={`mt-[3px] size-3.5 shrink-0 ${bad ? 'text-bad' : 'text-muted'}`} />
        <div className="min-w-0 break-words">
          <p className="font-medium">{sentence(first)}</p>
          {error.fix !== undefined && <p>{sentence(error.fix)}</p>}
          <p className="mt-1 flex flex-wrap gap-x-3 font-mono text-small text-muted">
            <span>{error.code}</span>
            {error.exitCode != null && <span>exit code {error.exitCode}</span>}
            {error.signal != null && <span>{error.signal}</span>}
          </p>
        </div>
      </div>
      {lines.length > 0 && <pre tabIndex={0} data-focus-inside aria-label="Its last lines" className="max-h-80 overflow-auto border-t border-border bg-sunken px-3 py-2 text-small">{lines.join('\n')}</pre>}
    </section>
  )
}
