import { expect, test, vi } from 'vitest'
import { createQueryClient } from './query-client.ts'

test('on the server nothing keeps what a page was made of: no timer waits for its queries to be forgotten', async () => {
  vi.useFakeTimers()
  try {
    const client = createQueryClient()
    await client.fetchQuery({ queryKey: ['services'], queryFn: () => Promise.resolve(['hello']) })
    expect(client.getQueryData(['services'])).toEqual(['hello'])
    expect(vi.getTimerCount()).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})
