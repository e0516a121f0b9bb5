import { clsx } from 'clsx'
import type { Environment } from '#contract/records.ts'

export type EnvironmentKind = Environment['kind']

/** What each kind is called. */
export const kindWords: Record<EnvironmentKind, string> = {
  production: 'production',
  shared: 'shared',
  personal: 'personal',
  preview: 'preview',
}

/** Colours of the kinds: text, soft ground, and the line above the frame. */
export const kindText: Record<EnvironmentKind, string> = {
  production: 'text-production',
  shared: 'text-shared',
  personal: 'text-personal',
  preview: 'text-preview',
}
export const kindGround: Record<EnvironmentKind, string> = {
  production: 'bg-production-soft',
  shared: 'bg-shared-soft',
  personal: 'bg-personal-soft',
  preview: 'bg-preview-soft',
}
export const kindLine: Record<EnvironmentKind, string> = {
  production: 'bg-production',
  shared: 'bg-shared',
  personal: 'bg-personal',
  preview: 'bg-preview',
}

/** The kind's shape in its colour: a diamond, two overlapping discs, a person, a dashed square. */
export function EnvironmentShape({ kind, className }: { kind: EnvironmentKind; className?: string }) {
  return (
    <svg
      viewBox="0 0 12 12"
      role="img"
      aria-label={kindWords[kind]}
      className={clsx('size-3 shrink-0', kindText[kind], className)}
      fill="currentColor"
    >
      {kind === 'production' && <path d="M6 .8 11.2 6 6 11.2.8 6z" />}
      {kind === 'shared' && (
        <>
          <circle cx={4.2} cy={6} r={3.6} />
          <circle cx={8.2} cy={6} r={3} fill="none" stroke="currentColor" strokeWidth={1.4} />
        </>
      )}
      {kind === 'personal' && (
        <>
          <circle cx={6} cy={3.4} r={2.5} />
          <path d="M1.2 11.2a4.8 4.2 0 0 1 9.6 0z" />
        </>
      )}
      {kind === 'preview' && (
        <rect
          x={1.8}
          y={1.8}
          width={8.4}
          height={8.4}
          rx={1.5}
          fill="none"
          stroke="currentColor"
          strokeWidth={1.5}
          strokeDasharray="2.4 1.6"
        />
      )}
    </svg>
  )
}

/** Name of an environment with its shape; `soft` puts it on its colour's ground. */
export function EnvironmentName({ name, kind, soft = false }: { name: string; kind: EnvironmentKind; soft?: boolean }) {
  return (
    <span
      className={clsx(
        'inline-flex min-w-0 max-w-full items-center gap-1.5 align-bottom',
        soft && `h-[18px] rounded-[4px] px-1.5 text-tiny ${kindGround[kind]} ${kindText[kind]}`,
      )}
    >
      <EnvironmentShape kind={kind} />
      <span className="truncate">{name}</span>
    </span>
  )
}
