'use client'
import { useQuery } from '@tanstack/react-query'
import { ChevronDown, ChevronRight, X } from 'lucide-react'
import { useState } from 'react'
import { useTRPC } from '#client/trpc.ts'
import type { CommitRecord } from '#contract/source.ts'
import { Badge } from '#components/ui/badge.tsx'
import { Button, IconButton } from '#components/ui/button.tsx'
import { ErrorLine } from '#components/ui/error-state.tsx'
import { Segments } from '#components/ui/segments.tsx'
import { ShortId } from '#components/ui/short-id.tsx'
import { Skeleton } from '#components/ui/skeleton.tsx'
import { Time } from '#components/ui/time.tsx'
import { DraftHistory } from './draft-history.tsx'
import { useIde } from './ide.ts'
import { commitTab, useLayout } from './workspace.ts'

const pageSize = 50

/** Commits of the environment's branch, newest first, each with the files that it changed; or the steps of one's own draft. */
export function HistorySide({ onOpened }: { onOpened: () => void }) {
  const { workspace, readOnly } = useIde()
  const { historyOf, ofDraft } = useLayout(workspace)
  const draft = ofDraft && readOnly === null
  return (
    <section aria-label="History" className="flex min-h-0 grow flex-col">
      <header className="flex h-8 shrink-0 items-center gap-2 pr-1 pl-3">
        <h2 className="min-w-0 grow truncate text-small font-medium text-muted">
          {draft ? 'Draft history' : 'History'}
          {!draft && historyOf !== null && (
            <>
              {' '}
              of <span className="text-text">{historyOf}</span>
            </>
          )}
        </h2>
        {!draft && historyOf !== null && (
          <IconButton
            size="small"
            label="History of the whole service"
            onClick={() => workspace.set({ historyOf: null })}
          >
            <X />
          </IconButton>
        )}
      </header>
      {readOnly === null && (
        <div className="px-3 pb-2">
          <Segments
            label="History of"
            value={draft ? 'draft' : 'commits'}
            options={[
              { value: 'commits', label: 'Commits' },
              { value: 'draft', label: 'Your draft' },
            ]}
            onChange={(value) => workspace.set({ ofDraft: value === 'draft' })}
          />
        </div>
      )}
      {draft ? <DraftHistory /> : <Pages key={historyOf} path={historyOf} onOpened={onOpened} />}
    </section>
  )
}

function Pages({ path, onOpened }: { path: string | null; onOpened: () => void }) {
  const [pages, setPages] = useState<(string | null)[]>([null])
  return (
    <div className="min-h-0 grow overflow-y-auto pb-4">
      {pages.map((before, index) => (
        <Page
          key={before ?? ''}
          path={path}
          before={before}
          onOpened={onOpened}
          onMore={index === pages.length - 1 ? (last) => setPages([...pages, last]) : undefined}
        />
      ))}
    </div>
  )
}

function Page({
  path,
  before,
  onOpened,
  onMore,
}: {
  path: string | null
  before: string | null
  onOpened: () => void
  onMore: ((last: string) => void) | undefined
}) {
  const { at } = useIde()
  const { data, error } = useQuery(
    useTRPC().source.history.queryOptions({ ...at, before, limit: pageSize, ...(path !== null && { path }) }),
  )
  if (error !== null)
    return (
      <div className="p-2">
        <ErrorLine error={error} />
      </div>
    )
  if (data === undefined)
    return (
      <div role="status" aria-label="Loading the history" className="flex flex-col gap-2 p-3">
        <Skeleton className="h-8" />
        <Skeleton className="h-8" />
        <Skeleton className="h-8" />
      </div>
    )
  const last = data.at(-1)
  return (
    <>
      <ul>
        {data.map((commit) => (
          <Commit key={commit.commit} commit={commit} path={path} onOpened={onOpened} />
        ))}
      </ul>
      {data.length === 0 && before === null && (
        <p className="px-3 text-muted">
          {path === null ? 'No commits yet: the first deployment creates one.' : 'Not committed yet.'}
        </p>
      )}
      {data.length === pageSize && last !== undefined && onMore !== undefined && (
        <div className="p-2">
          <Button size="small" onClick={() => onMore(last.commit)}>
            Earlier commits
          </Button>
        </div>
      )}
    </>
  )
}

function Commit({
  commit: { commit, message, author, at, liveIn, parents },
  path,
  onOpened,
}: {
  commit: CommitRecord
  path: string | null
  onOpened: () => void
}) {
  const [open, setOpen] = useState(false)
  return (
    <li className="border-b border-border">
      <button
        type="button"
        data-focus-inside
        aria-expanded={open}
        className="flex w-full items-start gap-1.5 px-2 py-1.5 text-left hover:bg-hover"
        onClick={() => setOpen(!open)}
      >
        {open ? (
          <ChevronDown aria-hidden className="mt-1 size-3 shrink-0 text-muted" />
        ) : (
          <ChevronRight aria-hidden className="mt-1 size-3 shrink-0 text-muted" />
        )}
        <span className="min-w-0 grow">
          <span className="block truncate">{message.split('\n')[0] || 'No message'}</span>
          <span className="flex flex-wrap items-center gap-x-1.5 text-small text-muted">
            <span className="truncate">{author.name}</span>
            <Time at={at} />
            {liveIn.map((name) => (
              <Badge key={name} tone="ok">
                live in {name}
              </Badge>
            ))}
          </span>
        </span>
      </button>
      {open && <Files commit={commit} parent={parents[0] ?? null} path={path} onOpened={onOpened} />}
    </li>
  )
}

function Files({
  commit,
  parent,
  path: only,
  onOpened,
}: {
  commit: string
  parent: string | null
  path: string | null
  onOpened: () => void
}) {
  const { at, workspace } = useIde()
  const { data, error } = useQuery(
    useTRPC().source.diff.queryOptions({ team: at.team, service: at.service, from: parent, to: commit }),
  )
  if (error !== null)
    return (
      <div className="p-2">
        <ErrorLine error={error} />
      </div>
    )
  return (
    <div className="pb-1.5 pl-5">
      <p className="pb-1 text-small text-muted">
        <ShortId id={commit} />
      </p>
      {data === undefined ? (
        <Skeleton className="mr-2 h-5" />
      ) : (
        <ul>
          {data
            .filter(({ path }) => only === null || path === only || path.startsWith(`${only}/`))
            .map(({ path, added, removed, binary }) => (
              <li key={path}>
                <button
                  type="button"
                  data-focus-inside
                  className="flex h-6 w-full items-center gap-2 pr-2 text-left hover:bg-hover"
                  onClick={() => {
                    workspace.open(commitTab(commit, path), { preview: true, focus: false })
                    onOpened()
                  }}
                >
                  <span className="min-w-0 grow truncate">{path}</span>
                  {binary ? (
                    <span className="text-tiny text-muted">binary</span>
                  ) : (
                    <span className="tabular shrink-0 font-mono text-tiny">
                      <span className="text-ok">+{added}</span> <span className="text-bad">−{removed}</span>
                    </span>
                  )}
                </button>
              </li>
            ))}
        </ul>
      )}
    </div>
  )
}
