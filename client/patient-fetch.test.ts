import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { patientFetch } from './patient-fetch.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const gone = () => Promise.reject(new TypeError('Failed to fetch'))
const screen = { headers: { rsc: '1' } }

test('a screen that is asked for while web is away comes once it is back', async () => {
  const answers = [gone, gone, () => Promise.resolve(new Response('', { status: 502 })), () => Promise.resolve(new Response('screen'))]
  const fetch = vi.fn<typeof globalThis.fetch>(() => answers.shift()?.() ?? gone())
  const asked = patientFetch(fetch)('/demo', screen)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(await (await asked).text()).toBe('screen')
  expect(fetch).toHaveBeenCalledTimes(4)
})

test('what is not the router’s fails at once, and nothing is waited for without end', async () => {
  const fetch = vi.fn<typeof globalThis.fetch>(gone)
  await expect(patientFetch(fetch)('/api/trpc')).rejects.toThrow('Failed to fetch')
  await expect(patientFetch(fetch)('/demo', { headers: { rsc: '1', 'next-router-prefetch': '1' } })).rejects.toThrow('Failed to fetch')
  expect(fetch).toHaveBeenCalledTimes(2)
  const refused = expect(patientFetch(fetch)('/demo', screen)).rejects.toThrow('Failed to fetch')
  await vi.advanceTimersByTimeAsync(31_000)
  await refused
})

test('a screen that nobody waits for any more is not asked for again', async () => {
  const over = new AbortController()
  const fetch = vi.fn<typeof globalThis.fetch>(gone)
  const refused = expect(patientFetch(fetch)('/demo', { ...screen, signal: over.signal })).rejects.toThrow('Failed to fetch')
  over.abort()
  await vi.advanceTimersByTimeAsync(1_000)
  await refused
  expect(fetch.mock.calls.length).toBeLessThanOrEqual(2)
})
