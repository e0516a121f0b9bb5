import { createTRPCOptionsProxy, type TRPCOptionsProxy } from '@trpc/tanstack-react-query'
import { headers } from 'next/headers'
import { notFound, redirect } from 'next/navigation'
import { cache } from 'react'
import { isPlatformError } from '#contract/errors.ts'
import { createQueryClient } from '#client/trpc.ts'
import { type InTeam, paths } from '#client/paths.ts'
import type { AppRouter } from '#server/router.ts'
import type { Context } from '#server/trpc.ts'
import type { Viewer, Web } from '#server/web.ts'

/*
 * Pages are bundled by Next, the server is not: what pages need of it comes over this one global, which is absent while
 * pages are being built.
 */
export interface PageBridge {
  web: Web
  router: AppRouter
  viewer: (headers: { cookie?: string }, from: string) => Promise<Viewer | undefined>
}

const bridge = (): PageBridge => (globalThis as unknown as Record<symbol, PageBridge>)[Symbol.for('m3o.web')] as PageBridge

export const webOfPage = (): Web => bridge().web

/** Who asks for the page; looked up once a request. */
export const viewerOfPage = cache(async (): Promise<Viewer | undefined> => {
  const cookie = (await headers()).get('cookie')
  return bridge().viewer(cookie === null ? {} : { cookie }, 'page')
})

/** Query options as in the browser, answered without HTTP; and the cache that the page hands to the browser. */
export const pageQueries = cache(async () => {
  const queries = createQueryClient()
  queries.setDefaultOptions({ queries: { retry: false } })
  const context: Context = { web: bridge().web, viewer: await viewerOfPage(), from: 'page', userAgent: '', signal: undefined }
  const trpc: TRPCOptionsProxy<AppRouter> = createTRPCOptionsProxy({ router: bridge().router, ctx: context, queryClient: queries })
  return { queries, trpc }
})

/** Sends to sign-in who is not, and says "not found" to who is not in the team. The procedures authorize by themselves. */
export async function requireMember(place: InTeam): Promise<void> {
  if ((await viewerOfPage()) === undefined) redirect(paths.signIn(paths.catalogue(place)))
  const { queries, trpc } = await pageQueries()
  try {
    const environments = await queries.fetchQuery(trpc.environments.list.queryOptions({ team: place.team }))
    if (!environments.some(({ name }) => name === place.environment)) notFound()
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined
    if (isPlatformError(cause) && cause.code === 'not_found') notFound()
    throw error
  }
}
