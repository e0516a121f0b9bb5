import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileFilter } from './filter.ts'
import type { StoredRecord } from './record.ts'

const record = (text: string, fields?: Record<string, unknown>): StoredRecord => ({
  serviceId: 's',
  environmentId: 'e',
  kind: 'record',
  seq: 1,
  time: 0,
  revision: null,
  instanceId: null,
  stream: 'stdout',
  level: 'info',
  text,
  ...(fields && { fields }),
})
const { signal } = new AbortController()

test('an expression that is large, or tried on much, is tried elsewhere: the thread is free meanwhile', async () => {
  const entries = Array.from({ length: 8 }, () => record('a'.repeat(64 << 10)))
  for (const regex of [String.raw`(\pL{500}){2}b`, String.raw`(\w+\s?)+b$`]) {
    const filter = compileFilter({ match: [{ regex }] })
    const cpu = process.threadCpuUsage()
    expect(await filter.accepted(entries, signal)).toEqual([])
    const { user } = process.threadCpuUsage(cpu)
    // To try the first here takes more than a second of a processor.
    expect(user / 1000).toBeLessThan(500)
  }
})

test('both ways find the same', async () => {
  const line = fc.stringMatching(/^[ab1 \n]{0,12}$/)
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { minLength: 1, maxLength: 6 }),
      fc.constantFrom('a+b', '^a', '1$', 'b|1', '(?i)A'),
      fc.boolean(),
      async (texts, regex, not) => {
        const entries = texts.map((text, index) => record(text, index % 2 === 0 ? { a: 1, note: text } : undefined))
        const here = compileFilter({ match: [{ regex, not }] })
        // The same, but too large to be tried here.
        const elsewhere = compileFilter({ match: [{ regex: `(?:${regex}){1}`, not }] })
        expect(await elsewhere.accepted(entries, signal)).toEqual(await here.accepted(entries, signal))
      },
    ),
    { numRuns: 30 },
  )
})

test('what is no expression is refused before anything is searched, large or small', async () => {
  for (const regex of ['(', '(a{9}'])
    await expect(compileFilter({ match: [{ regex }] }).prepare(signal)).rejects.toMatchObject({ code: 'bad_request' })
})
