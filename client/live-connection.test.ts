import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server } from 'socket.io'
import { expect, test } from 'vitest'
import type { ClientToServer, ServerToClient } from '#contract/live.ts'
import { livePath } from '#contract/live-socket.ts'
import { LiveConnection } from './live-connection.ts'

/** What a page has and Node has not: the connection listens to its network's coming and going. */
Object.assign(globalThis, { window: new EventTarget() })

/** A server that lets nobody in until it is told to; what is subscribed to first meets a runtime that is away. */
async function doorkeeper({ away = false } = {}) {
  const http = createServer()
  const io = new Server<ClientToServer, ServerToClient>(http, { path: livePath, transports: ['websocket'] })
  const asked = Promise.withResolvers<void>()
  const open = Promise.withResolvers<void>()
  let asks = 0
  io.use((_, next) => {
    asks++
    asked.resolve()
    void open.promise.then(() => next())
  })
  io.on('connection', (socket) => {
    const known = new Set<string>()
    const refused = new Set<string>()
    socket.on('subscribe', (id, _topic, _input, ack) => {
      if (away && !refused.has(id)) {
        refused.add(id)
        return ack({ ok: false, error: { code: 'unavailable', message: 'the runtime does not respond' } })
      }
      ack(known.has(id) ? { ok: false, error: { code: 'conflict', message: 'this id is in use' } } : { ok: true })
      known.add(id)
    })
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    asked: asked.promise,
    open: () => open.resolve(),
    asks: () => asks,
    [Symbol.asyncDispose]: () => io.close(),
  }
}

test('who subscribes while the connection is being made does not make it twice', async () => {
  await using door = await doorkeeper()
  const live = new LiveConnection(door.url)
  const subscribed = (team: string) =>
    new Promise<void>((resolve, reject) => live.subscribe('team', { team }, { onOpen: resolve, onEnd: reject }))
  const first = subscribed('one')
  await door.asked
  const second = subscribed('two')
  door.open()
  await Promise.all([first, second])
  expect(door.asks()).toBe(1)
  live.close()
})

test('what a page shows is asked for again when the runtime was just away; what is worked in is told', async () => {
  await using door = await doorkeeper({ away: true })
  door.open()
  const live = new LiveConnection(door.url)
  const outcome = (subscribe: (handlers: { onOpen: () => void; onEnd: (error: Error | null) => void }) => void) =>
    new Promise<string>((resolve) =>
      subscribe({ onOpen: () => resolve('open'), onEnd: (error) => resolve(error?.message ?? 'ended') }),
    )
  expect(
    await Promise.all([
      outcome((handlers) => live.subscribe('team', { team: 'one' }, handlers)),
      outcome((handlers) => live.subscribe('deployment', { team: 'one', deploymentId: 'd_1' }, handlers)),
      outcome((handlers) => live.subscribe('promotion', { team: 'one', promotionId: 'pr_1' }, handlers)),
      outcome((handlers) =>
        live.subscribe(
          'terminal',
          { team: 'one', environment: 'production', service: 'hello', terminalId: 'te_1' },
          handlers,
        ),
      ),
    ]),
  ).toEqual(['open', 'open', 'open', 'the runtime does not respond'])
  live.close()
})
