'use client'
import { clsx } from 'clsx'
import type { DocFile } from '#contract/sharing.ts'
import { useFilters } from '#components/ui/filters.ts'
import { Panel } from '#components/ui/page.tsx'
import { DocList } from './doc-list.tsx'
import { Markdown } from './markdown.tsx'

/** Documents of a repository: their list where there are several, and the one that is read. */
export function Docs({ docs }: { docs: readonly DocFile[] }) {
  const [{ doc }, setFilters] = useFilters(['doc'])
  const shown = docs.find(({ path }) => path === doc) ?? docs[0]
  if (shown === undefined) return null
  const isMarkdown = !/\.txt$/i.test(shown.path) && /\.|^readme$/i.test(shown.path)
  return (
    <div
      className={clsx(
        'flex flex-col gap-4',
        docs.length > 1 && 'lg:grid lg:grid-cols-[200px_minmax(0,1fr)] lg:items-start lg:gap-6',
      )}
    >
      {docs.length > 1 && (
        <DocList
          paths={docs.map(({ path }) => path)}
          chosen={shown.path}
          choose={(path) => setFilters({ doc: path === docs[0]?.path ? '' : path })}
        />
      )}
      <Panel className="min-w-0 px-5 py-4">
        <h2 className="sr-only">{shown.path}</h2>
        {shown.text === null ? (
          <p className="text-muted">{shown.path} is too large to be shown.</p>
        ) : isMarkdown ? (
          <Markdown text={shown.text} />
        ) : (
          <pre className="overflow-x-auto text-small whitespace-pre-wrap">{shown.text}</pre>
        )}
      </Panel>
    </div>
  )
}
