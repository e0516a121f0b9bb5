'use client'
import { X } from 'lucide-react'
import { type KeyboardEvent, type Ref, useEffect, useRef, useState } from 'react'
import type { LogMatch } from '#contract/logs.ts'
import type { PlatformError } from '#contract/errors.ts'
import { SearchInput } from '#components/ui/input.tsx'
import { sentence } from '#components/ui/problem.ts'
import { formatCondition, parseCondition, spokenCondition } from './condition.ts'
import type { Look } from './look.ts'

/** Until so long after the last key the search waits: one for a word, not one for each letter. */
const settleMs = 300

/** The search box: one condition, with two switches for people who do not know its signs. Enter adds it and empties the box. */
export function SearchBox({
  look,
  change,
  refused,
  compact,
  ref,
}: {
  look: Look
  change: (change: Partial<Look>) => void
  refused: PlatformError | null
  compact: boolean
  ref: Ref<HTMLInputElement>
}) {
  const [typed, setTyped] = useState(look.typed)
  const told = useRef(look.typed)
  // The address may say another: a link was followed, or the filters were cleared.
  if (look.typed !== told.current) {
    told.current = look.typed
    setTyped(look.typed)
  }
  useEffect(() => {
    if (typed === told.current) return
    const timer = setTimeout(() => tell(typed), settleMs)
    return () => clearTimeout(timer)
  })

  function tell(next: string, more: Partial<Look> = {}) {
    told.current = next
    setTyped(next)
    change({ typed: next, ...more })
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.key === 'Escape') {
      if (typed !== '') return tell('')
      ;(event.target as HTMLElement).blur()
    }
    if (event.key === 'Enter' && !event.nativeEvent.isComposing) {
      const condition = parseCondition(typed)
      if (condition !== undefined && look.match.length < 9) tell('', { match: [...look.match, condition] })
    }
    if (event.key === 'Backspace' && typed === '' && look.match.length > 0)
      tell(formatCondition(look.match.at(-1) as LogMatch), { match: look.match.slice(0, -1) })
  }

  const condition = parseCondition(typed)
  const flip = (changed: Partial<LogMatch>) => {
    const { text, regex, not } = condition ?? { text: typed }
    const body = text ?? regex ?? ''
    const isRegex = 'regex' in changed ? changed.regex !== undefined : regex !== undefined
    tell(formatCondition({ ...(isRegex ? { regex: body } : { text: body }), not: changed.not ?? not ?? false }))
  }
  return (
    <div
      className={
        compact ? 'relative min-w-0 grow sm:max-w-80' : 'relative min-w-0 grow basis-40 sm:w-80 sm:grow-0 sm:basis-auto'
      }
    >
      <SearchInput
        ref={ref}
        aria-label="Search the lines"
        aria-invalid={refused !== null || undefined}
        aria-describedby={refused === null ? undefined : 'log-search-problem'}
        placeholder="Search, -hide, /regex/"
        className="w-full [&_input]:pr-16! [&_input]:font-mono [&_input]:text-small!"
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <span className="absolute top-[3px] right-[3px] flex">
        <Switch
          label="Hide lines that match"
          on={condition?.not ?? false}
          off={typed === ''}
          onPress={() => flip({ not: !(condition?.not ?? false) })}
        >
          not
        </Switch>
        <Switch
          label="Regular expression"
          on={condition?.regex !== undefined}
          off={typed === ''}
          onPress={() => flip(condition?.regex === undefined ? { regex: '' } : { text: '' })}
        >
          .*
        </Switch>
      </span>
    </div>
  )
}

function Switch({
  label,
  on,
  off,
  onPress,
  children,
}: {
  label: string
  on: boolean
  off: boolean
  onPress: () => void
  children: string
}) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      aria-pressed={on}
      aria-disabled={off || undefined}
      onClick={off ? undefined : onPress}
      className={`h-6 min-w-6 rounded-[4px] px-1 font-mono text-tiny ${on ? 'bg-accent-soft text-accent' : 'text-muted hover:bg-hover'}`}
    >
      {children}
    </button>
  )
}

/** Why the search was refused, in a row of its own: it covers nothing that mends it. */
export function SearchProblem({ refused }: { refused: PlatformError | null }) {
  if (refused === null) return null
  return (
    <p
      id="log-search-problem"
      role="alert"
      className="mb-2.5 rounded border border-bad/40 bg-bad-soft px-2 py-1 text-small break-words"
    >
      {sentence(refused.message)} {refused.fix}
    </p>
  )
}

/** The added conditions; a press moves one back into the search box. */
export function Chips({
  look,
  change,
  service,
}: {
  look: Look
  change: (change: Partial<Look>) => void
  service: string | undefined
}) {
  const without = <V,>(list: V[], value: V) => list.filter((each) => each !== value)
  const chips: { key: string; word: string; text: string; edit?: () => void; drop: () => void }[] = [
    ...look.match.map((match) => ({
      key: `q${formatCondition(match)}`,
      word: match.not ? 'not' : '',
      text: spokenCondition(match),
      edit: () => change({ typed: formatCondition(match), match: without(look.match, match) }),
      drop: () => change({ match: without(look.match, match) }),
    })),
    ...look.instances.map((id) => ({
      key: `i${id}`,
      word: 'instance',
      text: id.slice(-6),
      drop: () => change({ instances: without(look.instances, id) }),
    })),
    ...look.revisions.map((id) => ({
      key: `r${id}`,
      word: 'revision',
      text: id.slice(0, 8),
      drop: () => change({ revisions: without(look.revisions, id) }),
    })),
    ...look.streams.map((id) => ({
      key: `s${id}`,
      word: 'stream',
      text: id,
      drop: () => change({ streams: without(look.streams, id) }),
    })),
    ...(service === undefined
      ? look.services.map((id) => ({
          key: `v${id}`,
          word: 'service',
          text: id,
          drop: () => change({ services: without(look.services, id) }),
        }))
      : []),
    ...(look.trace === ''
      ? []
      : [{ key: 't', word: 'trace', text: look.trace.slice(0, 12), drop: () => change({ trace: '' }) }]),
  ]
  if (chips.length === 0) return null
  return (
    <ul aria-label="Active filters" className="flex flex-wrap items-center gap-1.5 pb-2.5">
      {chips.map(({ key, word, text, drop, edit }) => (
        <li
          key={key}
          className={`flex h-6 max-w-full items-center rounded border text-small ${word === 'not' ? 'border-bad/40 bg-bad-soft' : 'border-border-strong bg-raised'}`}
        >
          <button
            type="button"
            onClick={edit ?? drop}
            title={edit !== undefined ? 'Change it' : 'Remove it'}
            className="flex min-w-0 items-center gap-1 rounded px-1.5 leading-6"
          >
            {word !== '' && <span className={word === 'not' ? 'text-bad' : 'text-muted'}>{word}</span>}
            <span className="truncate font-mono">{text}</span>
          </button>
          <button
            type="button"
            aria-label={`Remove ${word} ${text}`}
            onClick={drop}
            className="flex size-6 items-center justify-center rounded text-muted hover:text-text"
          >
            <X aria-hidden className="size-3" />
          </button>
        </li>
      ))}
    </ul>
  )
}
