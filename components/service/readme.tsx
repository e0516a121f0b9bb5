'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import dynamic from 'next/dynamic'
import { type ReactNode, Suspense } from 'react'
import { type OfService, paths } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { firstPage } from '#components/deployments/first-page.ts'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { ButtonLink } from '#components/ui/button.tsx'
import { useFilters } from '#components/ui/filters.ts'
import { Panel } from '#components/ui/page.tsx'
import { Skeleton } from '#components/ui/skeleton.tsx'
import { DocList } from './doc-list.tsx'
import { docPaths, readmeRef } from './readme-ref.ts'

const Markdown = dynamic(() => import('./markdown.tsx').then((module) => module.Markdown), { ssr: false })

/** One that came with the page; what reads Markdown is fetched only once another text is to be shown. */
export interface ReadyReadme {
  text: string
  shown: ReactNode
}

/** The README, and the other documents, of the revision that serves here, or of the draft before anything does. */
export function Readme({ at, from, ready }: { at: OfService; from: string | null; ready: ReadyReadme | undefined }) {
  const trpc = useTRPC()
  const { data: deployments } = useSuspenseQuery(
    trpc.deployments.list.queryOptions(firstPage({ ...at, environment: from ?? at.environment })),
  )
  const ref = readmeRef(deployments)
  const { data: tree } = useSuspenseQuery(trpc.source.tree.queryOptions({ ...at, ref }))
  const docs = docPaths(tree)
  const [{ doc }, setFilters] = useFilters(['doc'])
  const path = docs.find((each) => each === doc) ?? docs[0]
  if (path === undefined) {
    return (
      <Panel>
        <EmptyState
          title="No README"
          action={<ButtonLink href={paths.code(at, { path: 'README.md' })}>Open the editor</ButtonLink>}
        >
          A README.md in its source is shown here, and its first paragraph in the catalogue.
        </EmptyState>
      </Panel>
    )
  }
  if (docs.length === 1) return <ReadmeText at={at} source={ref} path={path} ready={ready} />
  return (
    <div className="flex flex-col gap-3 lg:grid lg:grid-cols-[160px_minmax(0,1fr)] lg:items-start lg:gap-4">
      <DocList paths={docs} chosen={path} choose={(chosen) => setFilters({ doc: chosen === docs[0] ? '' : chosen })} />
      <Suspense fallback={<Skeleton className="h-64" />}>
        <ReadmeText at={at} source={ref} path={path} ready={ready} />
      </Suspense>
    </div>
  )
}

function ReadmeText({
  at,
  source,
  path,
  ready,
}: {
  at: OfService
  source: ReturnType<typeof readmeRef>
  path: string
  ready: ReadyReadme | undefined
}) {
  const trpc = useTRPC()
  const { data: file } = useSuspenseQuery(trpc.source.read.queryOptions({ ...at, ref: source, path }))
  return (
    <Panel className="px-5 py-4">
      {file.text === null ? (
        <p className="text-muted">{path} is too large to be shown.</p>
      ) : file.text === ready?.text ? (
        ready.shown
      ) : (
        <Markdown text={file.text} />
      )}
    </Panel>
  )
}
