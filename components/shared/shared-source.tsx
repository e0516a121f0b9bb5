'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import { clsx } from 'clsx'
import { CodeXml, Lock } from 'lucide-react'
import { Suspense } from 'react'
import type { Service } from '#contract/records.ts'
import { useTRPC } from '#client/trpc.ts'
import { usePlace } from '#components/frame/place.ts'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { useFilters } from '#components/ui/filters.ts'
import { Panel } from '#components/ui/page.tsx'
import { Skeleton } from '#components/ui/skeleton.tsx'
import { whyClosed } from './shared-actions.tsx'
import { shownFile } from './shown-file.ts'

/** Its files, to be read, where its team lets them be; otherwise why not. */
export function SharedSource({ service, name }: { service: Service; name: string }) {
  const closed = whyClosed(service)
  if (closed !== null)
    return (
      <EmptyState icon={<Lock />} title={closed}>
        The team {service.team} decides who can read it. See the other tabs for its documentation and endpoints.
      </EmptyState>
    )
  return <Files name={name} revision={service.revision ?? ''} />
}

function Files({ name, revision }: { name: string; revision: string }) {
  const { team } = usePlace()
  const { data: tree } = useSuspenseQuery(useTRPC().shared.tree.queryOptions({ team, name }))
  const [{ file }, setFilters] = useFilters(['file'])
  const files = tree.filter(({ kind }) => kind === 'file')
  const chosen = shownFile(tree, file)
  if (chosen === undefined)
    return (
      <EmptyState icon={<CodeXml />} title="No files">
        The live revision has no files.
      </EmptyState>
    )
  return (
    <div className="grid gap-4 px-4 py-5 sm:px-6 lg:grid-cols-[240px_minmax(0,1fr)] lg:items-start lg:gap-6">
      <nav aria-label="Files" className="max-h-56 overflow-y-auto lg:sticky lg:top-4 lg:max-h-[70dvh]">
        <p className="mb-1 px-2 text-small text-muted">
          At <code>{revision}</code>
        </p>
        <ul>
          {files.map(({ path }) => (
            <li key={path}>
              <button
                type="button"
                aria-current={path === chosen.path ? 'page' : undefined}
                title={path}
                onClick={() => setFilters({ file: path })}
                className={clsx(
                  'h-7 w-full truncate rounded px-2 text-left font-mono text-small',
                  path === chosen.path ? 'bg-chosen' : 'text-muted hover:bg-hover hover:text-text',
                )}
              >
                {path}
              </button>
            </li>
          ))}
        </ul>
      </nav>
      <Suspense fallback={<Skeleton className="h-64" />}>
        <FileText name={name} path={chosen.path} />
      </Suspense>
    </div>
  )
}

function FileText({ name, path }: { name: string; path: string }) {
  const { team } = usePlace()
  const { data: file } = useSuspenseQuery(useTRPC().shared.read.queryOptions({ team, name, path }))
  return (
    <Panel className="min-w-0">
      <h2 className="truncate border-b border-border px-3 py-2 font-mono text-small font-medium">{path}</h2>
      {file.text === null ? (
        <p className="px-3 py-3 text-muted">{file.binary ? 'It is not text.' : 'It is too large to be shown.'}</p>
      ) : (
        <pre
          tabIndex={0}
          aria-label={`Text of ${path}`}
          className="overflow-x-auto px-3 py-3 font-mono text-small leading-5"
        >
          {file.text}
        </pre>
      )}
    </Panel>
  )
}
