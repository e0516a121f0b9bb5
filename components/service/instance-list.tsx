'use client'
import type { Instance, Service } from '#contract/records.ts'
import { useNow } from '#components/ui/now.ts'
import { ShortId } from '#components/ui/short-id.tsx'
import { StateMark, type StateMarkProps } from '#components/ui/state-mark.tsx'
import { span } from '#components/ui/time-words.ts'

const marks: Record<Instance['state'], Omit<StateMarkProps, 'compact'>> = {
  starting: { tone: 'busy', shape: 'turning', word: 'starting' }, checking: { tone: 'busy', shape: 'turning', word: 'checking' }, live: { tone: 'ok', shape: 'full', word: 'live' },
  draining: { tone: 'idle', shape: 'half', word: 'draining' }, ended: { tone: 'idle', shape: 'square', word: 'ended' },
}

/** What runs here: how long, with how much memory of what it may have, how busy, how often restarted. */
export function InstanceList({ service }: { service: Service }) {
  const now = useNow()
  const { instances, settings } = service
  if (instances.length === 0) {
    return <p className="rounded border border-border bg-raised px-3 py-2 text-muted">{service.state === 'asleep' ? 'It sleeps: the next call wakes it.' : service.reason === null ? 'Nothing runs here.' : `Nothing runs here: ${service.reason}.`}</p>
  }
  return (
    <div className="overflow-x-auto rounded border border-border bg-raised">
      <table className="w-full" aria-label="Instances">
        <thead>
          <tr className="text-left text-small text-muted [&>th]:h-7 [&>th]:border-b [&>th]:border-border [&>th]:px-3 [&>th]:font-medium">
            <th scope="col">Instance</th><th scope="col">State</th><th scope="col" className="text-right">Up</th><th scope="col" className="text-right">Memory</th><th scope="col" className="text-right">CPU</th><th scope="col" className="text-right">Restarts</th>
          </tr>
        </thead>
        <tbody className="divide-y divide-border">
          {instances.map((instance) => {
            const up = Math.max(1, now - instance.startedAt)
            const memory = instance.memoryBytes === null ? null : instance.memoryBytes / 1_048_576
            return (
              <tr key={instance.id} className="h-[34px] [&>td]:px-3">
                <td><ShortId id={instance.id} />{instance.pid !== null && <span className="ml-2 hidden text-small text-muted sm:inline">pid {instance.pid}</span>}</td>
                <td><StateMark {...marks[instance.state]} /></td>
                <td suppressHydrationWarning className="tabular text-right">{span(up)}</td>
                <td className="tabular text-right">
                  {memory === null ? '–' : <>{memory.toFixed(0)} <span className="text-muted">of {settings.memoryMiB} MiB</span><span aria-hidden className="mt-0.5 block h-0.5 w-full rounded-full bg-chosen"><span className={`block h-full rounded-full ${memory > settings.memoryMiB * 0.9 ? 'bg-bad' : 'bg-accent'}`} style={{ width: `${Math.min(100, (memory / settings.memoryMiB) * 100)}%` }} /></span></>}
                </td>
                <td suppressHydrationWarning className="tabular text-right" title="Of one processor, on average since it started">{instance.cpuMs === null ? '–' : `${((instance.cpuMs / up) * 100).toFixed(1)} %`}</td>
                <td className={`tabular text-right ${instance.restarts > 0 ? 'text-warn' : ''}`}>{instance.restarts}</td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </div>
  )
}
