import { clsx } from 'clsx'
import type { Deployment } from '#contract/records.ts'
import { isUnderWay, type Phase, phases } from '#contract/states.ts'
import { Duration } from '#components/ui/time.tsx'
import { spokenDuration } from '#components/ui/time-words.ts'

const words: Record<Phase, string> = { queued: 'Queued', building: 'Building', starting: 'Starting', checking: 'Checking', switching: 'Switching' }

/** Each phase on one time line, with how long it took, and how long the same took last time. */
export function PhaseBars({ deployment, last }: { deployment: Deployment; last: Deployment | undefined }) {
  const under = isUnderWay(deployment.state)
  const done = deployment.phases.reduce((sum, { ms }) => sum + (ms ?? 0), 0)
  const before = new Map(last?.phases.map(({ name, ms }) => [name, ms ?? 0]))
  const expected = [...before.values()].reduce((sum, ms) => sum + ms, 0)
  const whole = Math.max(1, done, under ? expected : 0)
  return (
    <ol aria-label="Phases" className="divide-y divide-border">
      {phases.map((name) => {
        const phase = deployment.phases.find((each) => each.name === name)
        const running = phase !== undefined && phase.ms === null && under
        const broke = phase !== undefined && deployment.state === 'failed' && deployment.phases.at(-1) === phase
        const from = deployment.phases.slice(0, phase === undefined ? 0 : deployment.phases.indexOf(phase)).reduce((sum, { ms }) => sum + (ms ?? 0), 0)
        const took = phase?.ms ?? (running ? (before.get(name) ?? whole / 5) : 0)
        return (
          <li key={name} className={clsx('grid h-[34px] grid-cols-[88px_minmax(0,1fr)_auto] items-center gap-3 px-3 sm:grid-cols-[88px_minmax(0,1fr)_72px_104px]', phase === undefined && 'text-muted')}>
            <span className={clsx(running && 'font-medium', broke && 'text-bad')}>{words[name]}</span>
            <span aria-hidden className="relative h-1.5 overflow-hidden rounded-full bg-sunken">
              {phase !== undefined && (
                <span
                  className={clsx('absolute inset-y-0 min-w-1 rounded-full', broke ? 'bg-bad' : running ? 'animate-breathe bg-accent' : deployment.state === 'live' ? 'bg-ok' : 'bg-muted')}
                  style={{ left: `${Math.min(99, (from / whole) * 100)}%`, width: `${Math.max(0.5, Math.min(100 - (from / whole) * 100, (took / whole) * 100))}%` }}
                />
              )}
            </span>
            <span className="text-right text-small">
              {phase === undefined ? <span className="text-muted">{under ? 'to come' : 'not reached'}</span> : phase.ms === null && !under ? null : <Duration ms={phase.ms} since={phase.startedAt} />}
            </span>
            <span className="tabular hidden text-right text-small text-muted sm:block">{before.has(name) ? `last ${spokenDuration(before.get(name) ?? 0)}` : ''}</span>
          </li>
        )
      })}
    </ol>
  )
}
