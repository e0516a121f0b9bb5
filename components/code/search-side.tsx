'use client'
import { clsx } from 'clsx'
import { Replace } from 'lucide-react'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { isPlatformError } from '#contract/errors.ts'
import type { Outputs } from '#client/trpc.ts'
import { ErrorLine } from '#components/ui/error-state.tsx'
import { SearchInput } from '#components/ui/input.tsx'
import { IconButton } from '#components/ui/button.tsx'
import { Spinner } from '#components/ui/spinner.tsx'
import { FileIcon } from './file-icon.tsx'
import { useIde } from './ide.ts'
import { ReplaceRow, useReplace } from './replace-row.tsx'
import { nameOf, parentOf } from './tree-rows.ts'
import { fileTab } from './workspace.ts'

type Found = Outputs['source']['search']
const pauseMs = 200
const shownMost = 1_000

/** Searches all files of the draft on the platform, as one types. */
export function SearchSide({ onOpened }: { onOpened: () => void }) {
  const { draft, documents, workspace, readOnly } = useIde()
  const [replacing, setReplacing] = useState(false)
  const [query, setQuery] = useState('')
  const [options, setOptions] = useState({ regex: false, caseSensitive: false })
  const [state, setState] = useState<{ found?: Found; error?: unknown; busy: boolean }>({ busy: false })
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => input.current?.focus(), [])
  useEffect(() => {
    if (query === '') return setState({ busy: false })
    const stop = new AbortController()
    const timer = setTimeout(() => {
      setState((before) => ({ ...before, busy: true }))
      // What is typed is searched as well.
      documents
        .flush()
        .catch(() => {})
        .then(() => draft.search({ query, ...options }, stop.signal))
        .then(
          (found) => {
            if (!stop.signal.aborted) setState({ found, busy: false })
          },
          (error: unknown) => {
            if (!stop.signal.aborted && !(isPlatformError(error) && error.code === 'cancelled'))
              setState({ error, busy: false })
          },
        )
    }, pauseMs)
    return () => {
      clearTimeout(timer)
      stop.abort()
    }
  }, [query, options, draft, documents])

  const again = () => setOptions((before) => ({ ...before }))
  const replace = useReplace({ query, ...options }, again)
  const groups = Map.groupBy((state.found?.matches ?? []).slice(0, shownMost), ({ path }) => path)
  const toggle = (name: 'regex' | 'caseSensitive') => setOptions((before) => ({ ...before, [name]: !before[name] }))
  return (
    <section aria-label="Search in files" className="flex min-h-0 grow flex-col">
      <h2 className="flex h-8 shrink-0 items-center px-3 text-small font-medium text-muted">Search in files</h2>
      <div className="flex items-center gap-1 px-2">
        <SearchInput
          ref={input}
          aria-label="Search in files"
          placeholder="Search in files"
          className="min-w-0 grow"
          value={query}
          onChange={(event) => setQuery(event.target.value)}
        />
        <Toggle label="Match case" pressed={options.caseSensitive} onPress={() => toggle('caseSensitive')}>
          Aa
        </Toggle>
        <Toggle label="Regular expression" pressed={options.regex} onPress={() => toggle('regex')}>
          .*
        </Toggle>
        <Toggle label="Replace" pressed={replacing} onPress={() => setReplacing(!replacing)}>
          <Replace className="size-3.5" />
        </Toggle>
      </div>
      {replacing && (
        <ReplaceRow
          replace={replace}
          paths={[...groups.keys()]}
          matches={state.found?.matches.length ?? 0}
          reason={readOnly}
        />
      )}
      <p role="status" className="flex h-7 shrink-0 items-center gap-1.5 px-3 text-small text-muted">
        {state.busy && <Spinner className="size-3" />}
        {state.found !== undefined &&
          (state.found.matches.length === 0
            ? 'Nothing found'
            : `${state.found.matches.length}${state.found.truncated ? ' and more' : ''} in ${groups.size} ${groups.size === 1 ? 'file' : 'files'}`)}
      </p>
      {state.error !== undefined && (
        <div className="px-2">
          <ErrorLine error={state.error} />
        </div>
      )}
      <ul className="min-h-0 grow overflow-y-auto pb-4">
        {[...groups].map(([path, matches]) => (
          <li key={path}>
            <div className="sticky top-0 flex h-6 items-center gap-1.5 bg-surface px-3">
              <FileIcon name={path} />
              <span className="truncate font-medium">{nameOf(path)}</span>
              <span className="min-w-0 grow truncate text-tiny text-muted">{parentOf(path)}</span>
              {replacing && (
                <IconButton
                  size="small"
                  label={`Replace in ${path}`}
                  reason={readOnly}
                  onClick={() => replace.run.mutate([path])}
                >
                  <Replace />
                </IconButton>
              )}
              <span className="tabular text-tiny text-muted">{matches.length}</span>
            </div>
            <ul>
              {matches.map((match, index) => (
                <li key={index}>
                  <button
                    type="button"
                    data-focus-inside
                    className="flex h-6 w-full items-center gap-2 pr-2 pl-6 text-left hover:bg-hover"
                    onClick={() => {
                      workspace.open(fileTab(path), { at: match, preview: true })
                      onOpened()
                    }}
                  >
                    <span className="tabular w-7 shrink-0 text-right font-mono text-tiny text-muted">{match.line}</span>
                    <Preview match={match} />
                  </button>
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ul>
    </section>
  )
}

function Preview({ match: { preview, previewColumn, length } }: { match: Found['matches'][number] }) {
  const start = Math.max(0, previewColumn - 1)
  const from = Math.max(0, start - 12)
  return (
    <code className="truncate text-small">
      {from > 0 && '…'}
      {preview.slice(from, start).trimStart()}
      <mark className="rounded-[2px] bg-warn-soft text-text">{preview.slice(start, start + length)}</mark>
      {preview.slice(start + length, start + length + 120)}
    </code>
  )
}

function Toggle({
  label,
  pressed,
  onPress,
  children,
}: {
  label: string
  pressed: boolean
  onPress: () => void
  children: ReactNode
}) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      aria-pressed={pressed}
      onClick={onPress}
      className={clsx(
        'flex size-[30px] shrink-0 items-center justify-center rounded border font-mono text-small',
        pressed ? 'border-accent bg-accent-soft text-accent' : 'border-transparent text-muted hover:bg-hover',
      )}
    >
      {children}
    </button>
  )
}
