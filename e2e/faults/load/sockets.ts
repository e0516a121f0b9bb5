import { setTimeout as delay } from 'node:timers/promises'
import { WebSocket } from 'ws'
import type { Target } from './load.ts'

const everyMs = 250

/** A websocket that was closed: by whom it was told, and how long after it was opened. */
export interface Closed {
  code: number
  openedAt: number
  at: number
}

/** Websockets that say something four times a second and want it back. Each is opened anew once it was closed. */
export class Sockets {
  readonly closed: Closed[] = []
  readonly lost: string[] = []
  said = 0
  #stopping = false
  readonly #each: Promise<void>[]

  constructor(count: number, target: Target) {
    this.#each = Array.from({ length: count }, (_, at) => this.#keep(at, target))
  }

  async stop(): Promise<void> {
    this.#stopping = true
    await Promise.all(this.#each)
  }

  async #keep(at: number, { port, path, headers }: Target): Promise<void> {
    await delay(at * 20)
    while (!this.#stopping) {
      const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers })
      const ended = Promise.withResolvers<number>()
      const waiting = new Map<string, number>()
      socket.on('message', (data) => waiting.delete(String(data)))
      socket.once('close', (code) => ended.resolve(code))
      socket.once('error', (error) => {
        this.lost.push(`a socket: ${error.message}`)
        ended.resolve(0)
      })
      let openedAt = performance.now()
      socket.once('open', () => (openedAt = performance.now()))
      let isOver = false
      void ended.promise.then(() => (isOver = true))
      for (let count = 0; !isOver && !this.#stopping; count++) {
        if (socket.readyState === WebSocket.OPEN) {
          const text = `${at} ${count}`
          waiting.set(text, performance.now())
          this.said++
          socket.send(text)
        }
        await Promise.race([delay(everyMs), ended.promise])
      }
      if (!isOver) {
        await delay(2 * everyMs)
        socket.close(1000)
      }
      const code = await ended.promise
      const now = performance.now()
      // What was said as it was being closed may not have been heard: the client was told.
      for (const [text, since] of waiting) if (now - since > 2 * everyMs) this.lost.push(`an echo of “${text}”`)
      if (!this.#stopping) this.closed.push({ code, openedAt, at: now })
    }
  }
}
