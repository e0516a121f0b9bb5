'use client'
import { clsx } from 'clsx'
import { useCopy } from './copy-button.tsx'

/** An id, short, that copies itself whole. Ours begin with a time, so that their ends tell them apart; commits' begins do. */
export function ShortId({ id, className }: { id: string; className?: string }) {
  const { copied, copy } = useCopy(id)
  const short = /^[a-z]+_/.test(id) ? id.slice(-6) : id.slice(0, 8)
  return (
    <button
      type="button"
      title={copied ? 'Copied' : `${id} (copy)`}
      aria-label={copied ? 'Copied' : `Copy ${id}`}
      onClick={(event) => {
        event.preventDefault()
        event.stopPropagation()
        copy()
      }}
      className={clsx(
        'rounded-[4px] px-1 -mx-1 font-mono text-small text-muted hover:bg-hover hover:text-text',
        className,
      )}
    >
      <span className="inline-block text-left" style={{ minWidth: `${short.length}ch` }}>
        {copied ? 'copied' : short}
      </span>
    </button>
  )
}
