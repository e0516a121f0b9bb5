import { clsx } from 'clsx'
import type { Deployment } from '#contract/records.ts'
import { spokenParts } from '#contract/phase-words.ts'
import { isUnderWay, type Phase, phaseDeadlines, phases } from '#contract/states.ts'
import { useNow } from '#components/ui/now.ts'
import { Duration } from '#components/ui/time.tsx'
import { spokenDuration } from '#components/ui/time-words.ts'

const words: Record<Phase, string> = {
  queued: 'Queued',
  building: 'Building',
  starting: 'Starting',
  checking: 'Checking',
  switching: 'Switching',
}

/** Columns of each row, so that all bars have one scale. */
const alone = 'lg:grid-cols-[88px_minmax(0,1fr)_280px_72px] xl:grid-cols-[88px_minmax(0,1fr)_360px_72px]'
const besideLast =
  'sm:grid-cols-[88px_minmax(0,1fr)_72px_104px] lg:grid-cols-[88px_minmax(0,1fr)_280px_72px_104px] xl:grid-cols-[88px_minmax(0,1fr)_360px_72px_104px]'

/** Each phase on one time line, with how long it took, on what, and how long the same took last time. */
export function PhaseBars({ deployment, last }: { deployment: Deployment; last: Deployment | undefined }) {
  const under = isUnderWay(deployment.state)
  const done = deployment.phases.reduce((sum, { ms }) => sum + (ms ?? 0), 0)
  const before = new Map(last?.phases.map(({ name, ms }) => [name, ms ?? 0]))
  const expected = [...before.values()].reduce((sum, ms) => sum + ms, 0)
  const open = under ? deployment.phases.at(-1) : undefined
  const running = useElapsed(open?.ms === null ? open.startedAt : undefined)
  const whole = Math.max(1, done + running, under ? expected : 0)
  return (
    <ol aria-label="Phases" className="divide-y divide-border">
      {phases.map((name) => {
        const phase = deployment.phases.find((each) => each.name === name)
        const isRunning = phase !== undefined && phase.ms === null && under
        const broke = phase !== undefined && deployment.state === 'failed' && deployment.phases.at(-1) === phase
        const from = deployment.phases
          .slice(0, phase === undefined ? 0 : deployment.phases.indexOf(phase))
          .reduce((sum, { ms }) => sum + (ms ?? 0), 0)
        const took = phase?.ms ?? (isRunning ? running : 0)
        const parts =
          phase === undefined
            ? ''
            : isRunning && name === 'checking'
              ? waiting(running)
              : spokenParts(phase, spokenDuration)
        return (
          <li
            key={name}
            className={clsx(
              'grid min-h-[34px] grid-cols-[88px_minmax(0,1fr)_72px] items-center gap-x-3 px-3',
              last === undefined ? alone : besideLast,
              phase === undefined && 'text-muted',
            )}
          >
            <span className={clsx(isRunning && 'font-medium', broke && 'text-bad')}>{words[name]}</span>
            <span aria-hidden className="relative h-1.5 overflow-hidden rounded-full bg-sunken">
              {phase !== undefined && (
                <span
                  suppressHydrationWarning
                  className={clsx(
                    'absolute inset-y-0 min-w-1 rounded-full',
                    broke
                      ? 'bg-bad'
                      : isRunning
                        ? 'animate-breathe bg-accent'
                        : deployment.state === 'live'
                          ? 'bg-ok'
                          : 'bg-muted',
                  )}
                  style={{
                    left: `${Math.min(99, (from / whole) * 100)}%`,
                    width: `${Math.max(0.5, Math.min(100 - (from / whole) * 100, (took / whole) * 100))}%`,
                  }}
                />
              )}
            </span>
            <span
              suppressHydrationWarning
              className="tabular hidden truncate text-small text-muted lg:block"
              title={parts}
            >
              {parts}
            </span>
            <span className="text-right text-small">
              {phase === undefined ? (
                <span className="text-muted">{under ? 'to come' : 'not reached'}</span>
              ) : phase.ms === null && !under ? null : (
                <Duration ms={phase.ms} since={phase.startedAt} />
              )}
            </span>
            {last !== undefined && (
              <span className="tabular hidden text-right text-small text-muted sm:block">
                {before.has(name) ? `last ${spokenDuration(before.get(name) ?? 0)}` : ''}
              </span>
            )}
            {parts !== '' && (
              <span
                suppressHydrationWarning
                className="tabular col-span-2 col-start-2 -mt-1.5 pb-1.5 text-tiny text-muted lg:hidden"
              >
                {parts}
              </span>
            )}
          </li>
        )
      })}
    </ol>
  )
}

/** What a check waits for: nothing has answered on its port yet. */
const waiting = (ms: number) =>
  `waiting for $PORT, ${Math.max(0, Math.ceil((phaseDeadlines.checking - ms) / 1_000))} s left`

/** Milliseconds since then; 0 when nothing is under way. */
function useElapsed(since: number | undefined): number {
  const now = useNow(since === undefined ? 'slow' : 'fast')
  return since === undefined ? 0 : Math.max(0, now - since)
}
