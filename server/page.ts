import { TRPCError } from '@trpc/server'
import type { QueryClient } from '@tanstack/react-query'
import { createTRPCOptionsProxy } from '@trpc/tanstack-react-query'
import type { IncomingHttpHeaders } from 'node:http'
import { headers } from 'next/headers'
import { notFound, redirect } from 'next/navigation'
import { cache } from 'react'
import { isPlatformError } from '#contract/errors.ts'
import { consolePath } from '#contract/console-paths.ts'
import { createQueryClient } from '#client/query-client.ts'
import type { AppRouter } from './router.ts'
import type { Context } from './trpc.ts'
import { bridge } from './bridge.ts'

/** For server components in `app/`: rows are in the HTML, and the browser makes no call when the page loads. */

export interface ResolveOptions {
  router: AppRouter
  context(headers: Pick<IncomingHttpHeaders, 'cookie' | 'authorization' | 'user-agent'>): Promise<Context>
}

/** One a request: its query client, `trpc` with the same options that client components read, and how far events had come before. */
export const page = cache(() => {
  const queryClient = createQueryClient()
  // Before anything is read.
  const asOf = bridge().mark()
  const context = cache(async () => {
    const given = await headers()
    return bridge().context({
      cookie: given.get('cookie') ?? undefined,
      'user-agent': given.get('user-agent') ?? undefined,
    })
  })
  return {
    asOf,
    queryClient,
    context,
    trpc: createTRPCOptionsProxy<AppRouter>({ router: bridge().router, ctx: context, queryClient }),
  }
})

type Options = Parameters<QueryClient['fetchQuery']>[0]

/**
 * Fetches what the page cannot be shown without. Who is not signed in goes to sign in and comes back to `here`; what is
 * not there is the not-found page; any other failure is the error page's.
 * @param here the page's own path with its query
 */
export async function load(here: string, ...options: object[]): Promise<void> {
  const { queryClient } = page()
  // One that fails leaves the others: a page may know what to do without it.
  const outcomes = await Promise.allSettled(options.map((one) => queryClient.fetchQuery(one as Options)))
  for (const outcome of outcomes) {
    if (outcome.status === 'fulfilled') continue
    const error: unknown = outcome.reason
    const cause = isPlatformError(error) ? error : (error as { cause?: unknown }).cause
    // A part of the address that is not even a name, such as one of 10,000 characters, is of nothing.
    if (error instanceof TRPCError && error.code === 'BAD_REQUEST' && !isPlatformError(cause)) notFound()
    if (!isPlatformError(cause)) throw error
    if (cause.code === 'unauthenticated') redirect(consolePath.signIn(here))
    if (cause.code === 'not_found') notFound()
    // Error pages get no more than a digest of what was thrown on the server: the browser asks again and shows it in full.
  }
}

/** The page's own path with its query, to come back to after signing in. */
export async function here(): Promise<string> {
  return (await headers()).get('x-m3o-path') ?? consolePath.home()
}
