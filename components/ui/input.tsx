import { clsx } from 'clsx'
import { ChevronDown, Search } from 'lucide-react'
import type { ComponentProps } from 'react'

const box = clsx(
  'w-full rounded border border-border-input bg-raised text-body text-text transition-colors duration-100',
  'hover:border-muted focus-visible:border-accent focus-visible:outline-offset-0',
  'aria-invalid:border-bad disabled:cursor-not-allowed disabled:bg-sunken disabled:text-muted not-[select]:read-only:bg-sunken',
)

export function Input({ className, ...rest }: ComponentProps<'input'>) {
  return <input autoComplete="off" spellCheck={false} {...rest} className={clsx(box, 'h-[30px] px-2.5', className)} />
}

export function Textarea({ className, ...rest }: ComponentProps<'textarea'>) {
  return <textarea spellCheck={false} {...rest} className={clsx(box, 'min-h-20 px-2.5 py-1.5', className)} />
}

/** The system's own list: it is as good by keyboard and on a phone, and weighs nothing. */
export function Select({ className, children, ...rest }: ComponentProps<'select'>) {
  return (
    <span className={clsx('relative inline-flex', className)}>
      <select {...rest} className={clsx(box, 'h-[30px] appearance-none truncate pr-7 pl-2.5')}>
        {children}
      </select>
      <ChevronDown aria-hidden className="pointer-events-none absolute inset-y-0 right-2 my-auto size-3.5 text-muted" />
    </span>
  )
}

export function SearchInput({ className, ...rest }: ComponentProps<'input'> & { 'aria-label': string }) {
  return (
    <span className={clsx('relative inline-flex', className)}>
      <Search aria-hidden className="pointer-events-none absolute inset-y-0 left-2.5 my-auto size-3.5 text-muted" />
      <input
        type="search"
        autoComplete="off"
        spellCheck={false}
        {...rest}
        className={clsx(box, 'h-[30px] pr-2.5 pl-8 [&::-webkit-search-cancel-button]:hidden')}
      />
    </span>
  )
}
