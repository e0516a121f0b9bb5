import type { Metadata } from 'next'
import type { OfService } from '#client/paths.ts'
import { lookedAt } from '#components/consumers/usage.ts'
import { shownFile } from '#components/shared/shown-file.ts'
import { SharedService } from '#components/shared/shared-service.tsx'
import { page } from '#server/page.ts'
import { Prefetched } from '#app/prefetched.tsx'

type Params = Promise<OfService & { owner: string }>
type Search = Promise<{ view?: string; file?: string }>

export async function generateMetadata({ params }: { params: Params }): Promise<Metadata> {
  const { owner, service } = await params
  return { title: `@${owner}/${service}` }
}

export default async function SharedServicePage({ params, searchParams }: { params: Params; searchParams: Search }) {
  const { team, owner, service } = await params
  const { view, file } = await searchParams
  const at = { team, name: `@${owner}/${service}` }
  return (
    <Prefetched
      queries={(trpc) => [
        trpc.services.shared.queryOptions(at),
        trpc.shared.followed.queryOptions({ team }),
        trpc.platform.about.queryOptions(),
        ...(view === 'docs' ? [trpc.shared.docs.queryOptions(at)] : []),
        ...(view === 'usage' ? [trpc.shared.usage.queryOptions({ ...at, ...lookedAt })] : []),
      ]}
    >
      {view === 'source' ? <WithSource at={at} file={file} /> : <SharedService />}
    </Prefetched>
  )
}

/** Which file is shown first is known once they are listed; where they may not be, there is none to read. */
async function WithSource({ at, file }: { at: { team: string; name: string }; file: string | undefined }) {
  const { queryClient, trpc } = page()
  const tree = trpc.shared.tree.queryOptions(at)
  const shown = shownFile(await queryClient.fetchQuery(tree).catch(() => []), file)
  if (shown === undefined) return <SharedService />
  const read = trpc.shared.read.queryOptions({ ...at, path: shown.path })
  await queryClient.fetchQuery(read).catch(() => {})
  return (
    <Prefetched queries={() => [tree, read]}>
      <SharedService />
    </Prefetched>
  )
}
