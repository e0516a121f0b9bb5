import { clsx } from 'clsx'
import type { LogLevel } from '#contract/logs.ts'

const looks: Record<LogLevel, { word: string; colour: string; drawing: React.ReactNode }> = {
  trace: { word: 'trace', colour: 'text-muted', drawing: <circle cx={5} cy={5} r={1.2} /> },
  debug: {
    word: 'debug',
    colour: 'text-muted',
    drawing: <circle cx={5} cy={5} r={2.6} fill="none" stroke="currentColor" strokeWidth={1.3} />,
  },
  info: { word: 'info', colour: 'text-muted', drawing: <circle cx={5} cy={5} r={2.8} /> },
  warn: { word: 'warn', colour: 'text-warn', drawing: <path d="M5 1.2 9.2 8.8H.8z" /> },
  error: { word: 'error', colour: 'text-bad', drawing: <path d="M1.6 1.6h6.8v6.8H1.6z" /> },
  fatal: {
    word: 'fatal',
    colour: 'text-bad',
    drawing: (
      <path
        d="M3 .6h4L9.4 3v4L7 9.4H3L.6 7V3zM3.2 3.2l3.6 3.6M6.8 3.2 3.2 6.8"
        stroke="var(--color-surface)"
        strokeWidth={1.1}
      />
    ),
  },
}

/** A word, a colour and a shape. */
export function LevelMark({ level, className }: { level: LogLevel; className?: string }) {
  const { word, colour, drawing } = looks[level]
  return (
    <span
      className={clsx(
        'inline-flex items-center gap-1.5',
        colour,
        (level === 'error' || level === 'fatal') && 'font-medium',
        className,
      )}
    >
      <svg viewBox="0 0 10 10" aria-hidden className="size-2.5 shrink-0" fill="currentColor">
        {drawing}
      </svg>
      {word}
    </span>
  )
}
