import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { patientFetch } from './patient-fetch.ts'
import { webAway } from './web-away.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const gone = () => Promise.reject(new TypeError('Failed to fetch'))
const screen = { headers: { rsc: '1' } }

test('a screen that is asked for while web is away comes once it is back', async () => {
  const answers = [
    gone,
    gone,
    () => Promise.resolve(new Response('', { status: 502 })),
    () => Promise.resolve(new Response('screen')),
  ]
  const fetch = vi.fn<typeof globalThis.fetch>(() => answers.shift()?.() ?? gone())
  const asked = patientFetch(fetch)('/demo', screen)
  await vi.advanceTimersByTimeAsync(2_000)
  expect(await (await asked).text()).toBe('screen')
  expect(fetch).toHaveBeenCalledTimes(4)
})

test('a request that the router did not make fails at once', async () => {
  const fetch = vi.fn<typeof globalThis.fetch>(gone)
  await expect(patientFetch(fetch)('/api/trpc')).rejects.toThrow('Failed to fetch')
  await expect(patientFetch(fetch)('/demo', { headers: { rsc: '1', 'next-router-prefetch': '1' } })).rejects.toThrow(
    'Failed to fetch',
  )
  await expect(
    patientFetch(fetch)('/demo', { headers: { rsc: '1', 'next-router-segment-prefetch': '/_tree' } }),
  ).rejects.toThrow('Failed to fetch')
  expect(fetch).toHaveBeenCalledTimes(3)
})

test('a screen is waited for without end, with pauses, and it is said meanwhile', async () => {
  let away = true
  const fetch = vi.fn<typeof globalThis.fetch>(() => (away ? gone() : Promise.resolve(new Response('screen'))))
  const asked = patientFetch(fetch)('/demo', screen)
  await vi.advanceTimersByTimeAsync(120_000)
  expect(webAway.isWaitedFor()).toBe(true)
  expect(fetch.mock.calls.length).toBeLessThan(40)
  away = false
  await vi.advanceTimersByTimeAsync(4_000)
  expect(await (await asked).text()).toBe('screen')
  expect(webAway.isWaitedFor()).toBe(false)
})

test('while the browser is offline nothing is asked for; the screen comes when it is online', async () => {
  vi.stubGlobal('navigator', { onLine: false })
  const fetch = vi.fn<typeof globalThis.fetch>(() => Promise.resolve(new Response('screen')))
  const asked = patientFetch(fetch)('/demo', screen)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(fetch).not.toHaveBeenCalled()
  vi.stubGlobal('navigator', { onLine: true })
  await vi.advanceTimersByTimeAsync(0)
  globalThis.dispatchEvent?.(new Event('online'))
  await vi.advanceTimersByTimeAsync(4_000)
  expect(await (await asked).text()).toBe('screen')
})

test('a screen that nobody waits for any more is not asked for again', async () => {
  const over = new AbortController()
  const fetch = vi.fn<typeof globalThis.fetch>(gone)
  const asked = patientFetch(fetch)('/demo', { ...screen, signal: over.signal })
  asked.catch(() => {})
  over.abort()
  await vi.advanceTimersByTimeAsync(1_000)
  await expect(asked).rejects.toThrow('Failed to fetch')
  expect(fetch.mock.calls.length).toBeLessThanOrEqual(2)
})
