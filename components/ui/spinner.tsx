import { clsx } from 'clsx'

export function Spinner({ className }: { className?: string }) {
  return (
    <svg
      viewBox="0 0 16 16"
      aria-hidden
      className={clsx('size-3.5 animate-spin', className)}
      fill="none"
      strokeWidth={2}
      strokeLinecap="round"
    >
      <circle cx={8} cy={8} r={6} stroke="currentColor" opacity={0.25} />
      <path d="M14 8a6 6 0 0 0-6-6" stroke="currentColor" />
    </svg>
  )
}
