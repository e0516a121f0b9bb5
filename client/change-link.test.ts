import { createTRPCClient, httpLink } from '@trpc/client'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { AppRouter } from '#server/router.ts'
import { sendOnce } from './change-link.ts'
import { errorOf } from './errors.ts'
import { createQueryClient } from './query-client.ts'

const at = { team: 'demo', environment: 'production', service: 'hello', what: { draft: {} } } as const

beforeEach(() => void vi.stubGlobal('window', new EventTarget()))
afterEach(() => void vi.unstubAllGlobals())

const clientOf = (fetch: typeof globalThis.fetch) =>
  createTRPCClient<AppRouter>({
    links: [sendOnce, httpLink({ url: 'http://console.invalid/trpc', fetch: fetch })],
  })

test('offline, a change is refused at once and never sent', async () => {
  vi.stubGlobal('navigator', { onLine: false })
  const fetch = vi.fn<typeof globalThis.fetch>()
  const error = errorOf(
    await clientOf(fetch)
      .deployments.start.mutate(at)
      .catch((caught: unknown) => caught),
  )
  expect(error).toMatchObject({ code: 'unavailable', message: 'not sent: this browser is offline' })
  expect(fetch).not.toHaveBeenCalled()
})

test('a change whose network goes away fails at once, says that it may have been made, and is not sent again', async () => {
  vi.stubGlobal('navigator', { onLine: true })
  const fetch = vi.fn<typeof globalThis.fetch>(() => new Promise(() => {}))
  const failed = clientOf(fetch)
    .deployments.start.mutate(at)
    .catch((caught: unknown) => errorOf(caught))
  await vi.waitFor(() => expect(fetch).toHaveBeenCalled())
  window.dispatchEvent(new Event('offline'))
  expect(await failed).toMatchObject({
    code: 'unavailable',
    fix: expect.stringContaining('Check whether the change was made') as string,
  })
  window.dispatchEvent(new Event('online'))
  expect(fetch).toHaveBeenCalledTimes(1)
})

test('no change is paused to be sent when the network is back', () => {
  expect(createQueryClient().getDefaultOptions().mutations).toMatchObject({ networkMode: 'always', retry: false })
})
