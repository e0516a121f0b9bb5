'use client'
import { isLaptopName } from '#contract/laptop-names.ts'
import type { Instance, Service } from '#contract/records.ts'
import { useNow } from '#components/ui/now.ts'
import { ShortId } from '#components/ui/short-id.tsx'
import { StateMark, type StateMarkProps } from '#components/ui/state-mark.tsx'
import { span, spokenDuration } from '#components/ui/time-words.ts'

const marks: Record<Instance['state'], Omit<StateMarkProps, 'compact'>> = {
  starting: { tone: 'busy', shape: 'turning', word: 'starting' },
  checking: { tone: 'busy', shape: 'turning', word: 'checking' },
  live: { tone: 'ok', shape: 'full', word: 'live' },
  draining: { tone: 'idle', shape: 'half', word: 'draining' },
  ended: { tone: 'idle', shape: 'square', word: 'ended' },
}

const row =
  'grid grid-cols-[minmax(0,1fr)_auto] gap-x-4 px-3 sm:grid-cols-[minmax(0,1.4fr)_92px_56px_minmax(112px,1fr)_72px_64px] sm:items-center'

/** What runs here: how long, with how much memory of what it may have, how much processor time it took, how often restarted. */
export function InstanceList({ service }: { service: Service }) {
  const { instances, settings } = service
  if (instances.length === 0) {
    return (
      <p className="rounded border border-border bg-raised px-3 py-2 text-muted">
        {service.state === 'asleep'
          ? 'It is asleep: the next call starts it.'
          : service.reason === null
            ? 'No running instances.'
            : `No running instances: ${service.reason}.`}
      </p>
    )
  }
  return (
    <div role="table" aria-label="Instances" className="overflow-hidden rounded border border-border bg-raised">
      <div role="rowgroup" className="max-sm:sr-only">
        <div role="row" className={`${row} h-7 border-b border-border text-small font-medium text-muted`}>
          {['Instance', 'State', 'Up', 'Memory', 'CPU time', 'Restarts'].map((name, index) => (
            <span key={name} role="columnheader" className={index > 1 ? 'text-right' : ''}>
              {name}
            </span>
          ))}
        </div>
      </div>
      <div role="rowgroup" className="divide-y divide-border">
        {instances.map((instance) => (
          <InstanceRow key={instance.id} instance={instance} mostMiB={settings.memoryMiB} />
        ))}
      </div>
    </div>
  )
}

/** One line; on a narrow window its numbers stand under it, each with its name. */
function InstanceRow({ instance, mostMiB }: { instance: Instance; mostMiB: number }) {
  const up = Math.max(1, useNow() - instance.startedAt)
  const memory = instance.memoryBytes === null ? null : instance.memoryBytes / 1_048_576
  const share = memory === null ? 0 : Math.min(1, memory / mostMiB)
  return (
    <div role="row" className={`${row} min-h-[34px] py-1.5 sm:py-0`}>
      <span role="cell" className="truncate">
        {isLaptopName(instance.id) ? (
          <span className="font-mono text-small">{instance.id}</span>
        ) : (
          <ShortId id={instance.id} className="mx-0! -ml-1!" />
        )}
        {instance.pid !== null && (
          <span className="ml-2 text-small text-muted">
            pid <span className="tabular">{instance.pid}</span>
          </span>
        )}
      </span>
      <span role="cell">
        <StateMark {...marks[instance.state]} />
      </span>
      <span className="contents max-sm:col-span-2 max-sm:flex! max-sm:flex-wrap max-sm:gap-x-4 max-sm:text-small">
        <Figure name="up">
          <span suppressHydrationWarning>{span(up)}</span>
        </Figure>
        <Figure name="memory">
          {memory === null ? (
            '–'
          ) : (
            <>
              {memory.toFixed(0)} <span className="text-muted">of {mostMiB} MiB</span>
              <span aria-hidden className="mt-0.5 block h-0.5 w-full rounded-full bg-chosen max-sm:hidden">
                <span
                  className={`block h-full rounded-full ${share > 0.9 ? 'bg-bad' : 'bg-accent'}`}
                  style={{ width: `${share * 100}%` }}
                />
              </span>
            </>
          )}
        </Figure>
        <Figure name="CPU time">{instance.cpuMs === null ? '–' : spokenDuration(instance.cpuMs)}</Figure>
        <Figure name="restarts">
          <span className={instance.restarts > 0 ? 'text-warn' : ''}>{instance.restarts}</span>
        </Figure>
      </span>
    </div>
  )
}

function Figure({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <span role="cell" className="tabular sm:text-right">
      <span aria-hidden className="mr-1 text-muted sm:hidden">
        {name}
      </span>
      {children}
    </span>
  )
}
