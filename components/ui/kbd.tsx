import { clsx } from 'clsx'

const symbols: Record<string, string> = {
  mod: 'Ctrl',
  shift: '⇧',
  alt: 'Alt',
  enter: '↵',
  escape: 'Esc',
  up: '↑',
  down: '↓',
  left: '←',
  right: '→',
}

/**
 * A shortcut: `mod+k` is pressed together, `g c` one after the other. `mod` is shown as ⌘ on Apple's keyboards by the
 * style sheet, so that the server's markup needs no guess.
 */
export function Kbd({ keys, className }: { keys: string; className?: string }) {
  return (
    <span className={clsx('inline-flex shrink-0 items-center gap-0.5', className)}>
      {keys.split(/[+ ]/).map((key, index) => (
        <kbd
          key={index}
          className="inline-flex h-4 min-w-4 items-center justify-center rounded-[4px] border border-border bg-sunken px-1 font-sans text-[10px] leading-none text-muted"
        >
          {key === 'mod' ? <span data-key="mod">Ctrl</span> : (symbols[key] ?? key.toUpperCase())}
        </kbd>
      ))}
    </span>
  )
}
