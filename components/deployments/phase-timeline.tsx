import { clsx } from 'clsx'
import type { Deployment } from '#contract/records.ts'
import { isUnderWay, phases } from '#contract/states.ts'
import { spokenDuration } from '#components/ui/time-words.ts'

/** The phases side by side, each as wide as it took; one that is under way breathes. */
export function PhaseTimeline({ deployment, className }: { deployment: Deployment; className?: string }) {
  const failed = deployment.state === 'failed'
  const moving = isUnderWay(deployment.state)
  const total = deployment.phases.reduce((sum, phase) => sum + (phase.ms ?? 0), 0)
  const words = deployment.phases
    .map((phase) => `${phase.name} ${phase.ms === null ? 'in progress' : spokenDuration(phase.ms)}`)
    .join(', ')
  const left = moving ? phases.length - deployment.phases.length : 0
  return (
    <span
      role="img"
      aria-label={words || 'not started'}
      title={words}
      className={clsx('flex h-1.5 items-stretch gap-px', className)}
    >
      {deployment.phases.map((phase, index) => {
        const last = index === deployment.phases.length - 1
        return (
          <span
            key={`${phase.name}${index}`}
            style={{ flexGrow: moving || total === 0 ? 1 : Math.max(0.06, (phase.ms ?? 0) / total) }}
            className={clsx(
              'min-w-1 basis-0 first:rounded-l-full last:rounded-r-full',
              last && failed
                ? 'bg-bad'
                : phase.ms === null && moving
                  ? 'animate-breathe bg-accent'
                  : deployment.state === 'live'
                    ? 'bg-ok/70'
                    : 'bg-muted/60',
            )}
          />
        )
      })}
      {left > 0 && <span style={{ flexGrow: left }} className="basis-0 rounded-r-full bg-chosen" />}
    </span>
  )
}
