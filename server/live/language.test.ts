import { duplexPair } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { passMessages } from './language.ts'

test('messages for an editor that takes none wait in the server, not here', async () => {
  const [runtime, program] = duplexPair()
  let written = 0
  const message = `${JSON.stringify({ text: 'x'.repeat(1 << 20) })}\n`
  const stop = new AbortController()
  const done = passMessages(
    program,
    { items: () => new Promise((_, reject) => stop.signal.addEventListener('abort', () => reject(new Error('gone')))) },
    stop.signal,
  )
  const write = () =>
    runtime.write(message, () => {
      if (++written < 100 && !runtime.destroyed) write()
    })
  write()
  for (let n = 0; n < 2_000; n++) await turn()
  expect(written).toBeLessThan(8)
  stop.abort()
  await done
})
