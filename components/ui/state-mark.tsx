import { clsx } from 'clsx'
import type { Tone } from './badge.tsx'

/** Each shape is told from the others without its colour. */
type Shape = 'full' | 'ring' | 'half' | 'turning' | 'cross' | 'triangle' | 'moon' | 'square' | 'dash' | 'back'

const colours: Record<Tone, string> = {
  ok: 'text-ok',
  warn: 'text-warn',
  bad: 'text-bad',
  busy: 'text-accent',
  idle: 'text-muted',
}

export interface StateMarkProps {
  tone: Tone
  shape: Shape
  word: string
  /** Only the shape is drawn; the word is still read out. */
  compact?: boolean
}

/** A state: a shape, a colour and a word. */
export function StateMark({ tone, shape, word, compact = false }: StateMarkProps) {
  return (
    <span className="inline-flex items-center gap-1.5 align-bottom whitespace-nowrap">
      <svg
        viewBox="0 0 12 12"
        aria-hidden
        className={clsx('size-3 shrink-0', colours[tone], shape === 'turning' && 'animate-[spin_1.4s_linear_infinite]')}
        fill="none"
        stroke="currentColor"
        strokeWidth={1.6}
        strokeLinecap="round"
        strokeLinejoin="round"
      >
        {drawings[shape]}
      </svg>
      <span
        className={
          compact ? 'sr-only' : clsx(tone === 'idle' ? 'text-muted' : tone === 'bad' ? 'text-bad' : 'text-text')
        }
      >
        {word}
      </span>
    </span>
  )
}

const drawings: Record<Shape, React.ReactNode> = {
  full: <circle cx={6} cy={6} r={3.6} fill="currentColor" stroke="none" />,
  ring: <circle cx={6} cy={6} r={3.8} strokeDasharray="2 1.98" />,
  half: (
    <>
      <circle cx={6} cy={6} r={4} />
      <path d="M6 2.6a3.4 3.4 0 0 1 0 6.8z" fill="currentColor" stroke="none" />
    </>
  ),
  turning: (
    <>
      <circle cx={6} cy={6} r={4.2} opacity={0.28} />
      <path d="M10.2 6A4.2 4.2 0 0 0 6 1.8" />
    </>
  ),
  cross: <path d="m3 3 6 6M9 3 3 9" />,
  triangle: <path d="M6 1.8 10.6 10H1.4zM6 5v2.2M6 8.6v.01" strokeWidth={1.3} />,
  moon: <path d="M9.8 7.2A4.2 4.2 0 0 1 4.8 2.2a4.2 4.2 0 1 0 5 5z" />,
  square: <rect x={2.8} y={2.8} width={6.4} height={6.4} rx={1} />,
  dash: <path d="M3 6h6" />,
  back: <path d="M2.4 4.4h4.8a2.6 2.6 0 0 1 0 5.2H4M2.4 4.4l2-2M2.4 4.4l2 2" strokeWidth={1.4} />,
}
