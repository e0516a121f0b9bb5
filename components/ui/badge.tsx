import { clsx } from 'clsx'
import type { ReactNode } from 'react'

export type Tone = 'ok' | 'warn' | 'bad' | 'busy' | 'idle'

const grounds: Record<Tone, string> = {
  ok: 'bg-ok-soft text-ok',
  warn: 'bg-warn-soft text-warn',
  bad: 'bg-bad-soft text-bad',
  busy: 'bg-accent-soft text-accent',
  idle: 'bg-sunken text-muted',
}

/** A word in a box, for properties. Colour only where it means a state. */
export function Badge({ tone, mono = false, children }: { tone?: Tone; mono?: boolean; children: ReactNode }) {
  return (
    <span
      className={clsx(
        'inline-flex h-[18px] shrink-0 items-center gap-1 rounded-[4px] px-1.5 text-tiny whitespace-nowrap',
        tone === undefined ? 'border border-border text-muted' : grounds[tone],
        mono && 'font-mono',
      )}
    >
      {children}
    </span>
  )
}
