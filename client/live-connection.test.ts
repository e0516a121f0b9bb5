import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server } from 'socket.io'
import { expect, test } from 'vitest'
import type { ClientToServer, ServerToClient } from '#contract/live.ts'
import { livePath } from '#contract/live-socket.ts'
import { LiveConnection } from './live-connection.ts'

/** What a page has and Node has not: the connection listens to its network's coming and going. */
Object.assign(globalThis, { window: new EventTarget() })

/** A server that lets nobody in until it is told to. */
async function doorkeeper() {
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
    socket.on('subscribe', (id, _topic, _input, ack) => {
      ack(known.has(id) ? { ok: false, error: { code: 'conflict', message: 'this id is in use' } } : { ok: true })
      known.add(id)
    })
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    asked: asked.promise, open: () => open.resolve(), asks: () => asks,
    [Symbol.asyncDispose]: () => io.close(),
  }
}

test('who subscribes while the connection is being made does not make it twice', async () => {
  await using door = await doorkeeper()
  const live = new LiveConnection(door.url)
  const subscribed = (team: string) => new Promise<void>((resolve, reject) => live.subscribe('team', { team }, { onOpen: resolve, onEnd: reject }))
  const first = subscribed('one')
  await door.asked
  const second = subscribed('two')
  door.open()
  await Promise.all([first, second])
  expect(door.asks()).toBe(1)
  live.close()
})
