import { once } from 'node:events'
import { duplexPair } from 'node:stream'
import { expect, test } from 'vitest'
import { drained } from './drained.ts'

const listeners = (stream: NodeJS.EventEmitter) =>
  ['drain', 'close', 'error'].reduce((sum, name) => sum + stream.listenerCount(name), 0)

test('waits until a stream has room, is gone or takes nothing for too long, and leaves no listener behind', async () => {
  const [here, there] = duplexPair()
  const before = listeners(here)
  for (let n = 0; n < 20; n++) {
    while (here.write(Buffer.alloc(16 << 10)));
    const room = drained(here)
    there.resume()
    expect(await room).toBe(true)
    there.pause()
  }
  expect(listeners(here)).toBe(before)
  while (here.write(Buffer.alloc(16 << 10)));
  expect(await drained(here, 5)).toBe(false)
  const gone = drained(here)
  here.destroy()
  await once(here, 'close')
  expect([await gone, await drained(here), listeners(here)]).toEqual([false, false, before])
})
