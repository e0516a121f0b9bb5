import type { Metadata } from 'next'
import type { OfService } from '#client/paths.ts'
import { firstPage } from '#components/deployments/first-page.ts'
import { Markdown } from '#components/service/markdown.tsx'
import { Overview } from '#components/service/overview.tsx'
import { docPaths, readmeRef } from '#components/service/readme-ref.ts'
import { lastHour } from '#components/service/traffic.ts'
import { page } from '#server/page.ts'
import { Prefetched } from '#app/prefetched.tsx'

export const metadata: Metadata = { title: 'Overview' }

export default async function OverviewPage({
  params,
  searchParams,
}: {
  params: Promise<OfService>
  searchParams: Promise<{ doc?: string }>
}) {
  const { team, environment, service } = await params
  const { doc } = await searchParams
  const at = { team, environment, service }
  return (
    <Prefetched
      queries={(trpc) => [
        trpc.services.get.queryOptions(at),
        trpc.services.everywhere.queryOptions({ team, service }),
        trpc.services.traffic.queryOptions(at),
        trpc.metrics.service.queryOptions({ ...at, ...lastHour }),
        trpc.platform.about.queryOptions(),
        trpc.deployments.list.queryOptions(firstPage(at)),
      ]}
    >
      <WithReadme at={at} doc={doc} />
    </Prefetched>
  )
}

/** Whose copy serves is known once the service was asked for; then its revision's files, then the one that is wanted. */
async function WithReadme({ at, doc }: { at: OfService; doc: string | undefined }) {
  const { queryClient, trpc } = page()
  const service = queryClient.getQueryData(trpc.services.get.queryKey(at))
  if (service === undefined) return <Overview />
  const serving = trpc.deployments.list.queryOptions(firstPage({ ...at, environment: service.from ?? at.environment }))
  const ref = readmeRef(await queryClient.fetchQuery(serving).catch(() => []))
  const tree = trpc.source.tree.queryOptions({ ...at, ref })
  const docs = docPaths(await queryClient.fetchQuery(tree).catch(() => []))
  const path = docs.find((each) => each === doc) ?? docs[0]
  const read = path === undefined ? undefined : trpc.source.read.queryOptions({ ...at, ref, path })
  const text =
    read === undefined
      ? null
      : await queryClient.fetchQuery(read).then(
          (file) => file.text,
          () => null,
        )
  return (
    <Prefetched queries={() => [serving, tree, ...(read === undefined ? [] : [read])]}>
      {/* Made into elements here, so that the page need not bring what reads Markdown. */}
      <Overview readme={text === null ? undefined : { text, shown: <Markdown text={text} /> }} />
    </Prefetched>
  )
}
