import { clsx } from 'clsx'

export type ButtonKind = 'primary' | 'plain' | 'quiet' | 'bad'
export type ButtonSize = 'small' | 'normal'

const kinds: Record<ButtonKind, string> = {
  primary: 'bg-action text-on-action border-transparent enabled-hover:bg-action-hover',
  plain: 'bg-raised text-text border-border-strong enabled-hover:bg-hover',
  quiet: 'bg-transparent text-muted border-transparent enabled-hover:bg-hover enabled-hover:text-text',
  bad: 'bg-bad-action text-on-action border-transparent enabled-hover:bg-bad-action-hover',
}

const sizes: Record<ButtonSize, string> = {
  small: 'h-6 px-2 text-small gap-1',
  normal: 'h-[30px] px-3 text-body gap-1.5',
}

/** The look of a button, for links as well. */
export function buttonStyle(kind: ButtonKind = 'plain', size: ButtonSize = 'normal', more?: string): string {
  return clsx(
    'inline-flex shrink-0 select-none items-center justify-center rounded border font-medium whitespace-nowrap no-underline transition-colors duration-100',
    'aria-disabled:opacity-50 [&_svg]:size-3.5 [&_svg]:shrink-0',
    kinds[kind],
    sizes[size],
    more,
  )
}
