import { subscribe } from '#client/live.ts'
import type { OfService } from '#client/paths.ts'
import type { Subscription } from '#client/live-connection.ts'

/** `asleep`: the server ended as nobody typed; the next need wakes it. */
export type LanguageState = 'off' | 'starting' | 'ready' | 'asleep' | 'down'

interface Message {
  jsonrpc: '2.0'
  id?: number | string
  method?: string
  params?: unknown
  result?: unknown
  error?: { code: number; message: string }
}

export interface ConnectionHandlers {
  /** A server is there and knows nothing yet: `initialize` it, then open the documents. Called again after each interruption. */
  onReady(root: string, dependencies: string[]): Promise<void>
  onNotification(method: string, params: unknown): void
  onRequest(method: string, params: unknown): unknown
  onState(state: LanguageState): void
}

class ServerError extends Error {}

const firstRetryMs = 1_000
const lastRetryMs = 20_000

/** JSON-RPC with the service's language server over the live socket; comes back by itself, as a new server. */
export class LanguageConnection {
  readonly #at: OfService
  readonly #handlers: ConnectionHandlers
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  #subscription: Subscription | undefined
  #state: LanguageState = 'off'
  #count = 0
  #retryMs = firstRetryMs
  #timer: ReturnType<typeof setTimeout> | undefined
  #writing = Promise.resolve()
  /** Of the server that is there now: what was meant for an earlier one is not sent to it. */
  #generation = 0

  constructor(at: OfService, handlers: ConnectionHandlers) {
    this.#at = at
    this.#handlers = handlers
  }

  get state(): LanguageState {
    return this.#state
  }

  /** Asks for a server unless there is one. */
  wake(): void {
    if (this.#state === 'off' || this.#state === 'asleep') this.#begin()
  }

  /** Fails with ServerError when the server refuses, or is not there any more. */
  request<T>(
    method: string,
    params: unknown,
    cancelled?: { isCancellationRequested: boolean; onCancellationRequested(run: () => void): { dispose(): void } },
  ): Promise<T> {
    const id = ++this.#count
    return new Promise<T>((resolve, reject) => {
      if (this.#subscription === undefined) return reject(new ServerError('the language server is missing'))
      const stop = cancelled?.onCancellationRequested(() => this.notify('$/cancelRequest', { id }))
      const done = () => {
        this.#waiting.delete(id)
        stop?.dispose()
      }
      this.#waiting.set(id, {
        resolve: (value) => {
          done()
          resolve(value as T)
        },
        reject: (error) => {
          done()
          reject(error)
        },
      })
      this.#send({ jsonrpc: '2.0', id, method, params })
    })
  }

  notify(method: string, params: unknown): void {
    this.#send({ jsonrpc: '2.0', method, params })
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#lose('off')
  }

  #begin(): void {
    clearTimeout(this.#timer)
    this.#become('starting')
    this.#subscription = subscribe('language', this.#at, {
      onItems: async (items) => {
        for (const item of items) await this.#receive(item as Message)
      },
      onInterrupted: () => {
        this.#drop()
        this.#become('down')
      },
      onEnd: (error) => {
        this.#lose(error === null ? 'asleep' : 'down')
        if (error === null) return
        this.#timer = setTimeout(() => this.#begin(), this.#retryMs)
        this.#retryMs = Math.min(this.#retryMs * 2, lastRetryMs)
      },
    })
  }

  async #receive(message: Message): Promise<void> {
    const { id, method, params } = message
    if (method === 'm3o/ready') {
      const { root, dependencies } = params as { root: string; dependencies: string[] }
      this.#drop()
      const generation = this.#generation
      // Not awaited: its own answers come by this way.
      void this.#handlers.onReady(root, dependencies).then(
        () => {
          if (generation !== this.#generation) return
          this.#retryMs = firstRetryMs
          this.#become('ready')
        },
        () => {},
      )
    } else if (method !== undefined && id !== undefined)
      this.#send({ jsonrpc: '2.0', id, result: this.#handlers.onRequest(method, params) ?? null })
    else if (method !== undefined) this.#handlers.onNotification(method, params)
    else if (typeof id === 'number') {
      const waiting = this.#waiting.get(id)
      if (message.error !== undefined) waiting?.reject(new ServerError(message.error.message))
      else waiting?.resolve(message.result)
    }
  }

  /** In order: each line goes when the one before has been taken. */
  #send(message: Message): void {
    const generation = this.#generation
    const line = new TextEncoder().encode(`${JSON.stringify(message)}\n`)
    this.#writing = this.#writing
      .then(() => (generation === this.#generation ? this.#subscription?.write(line) : undefined))
      .catch(() => {})
  }

  #lose(state: LanguageState): void {
    this.#subscription?.close()
    this.#subscription = undefined
    this.#drop()
    this.#become(state)
  }

  #drop(): void {
    this.#generation += 1
    for (const { reject } of [...this.#waiting.values()]) reject(new ServerError('the language server was interrupted'))
    this.#waiting.clear()
  }

  #become(state: LanguageState): void {
    if (state === this.#state) return
    this.#state = state
    this.#handlers.onState(state)
  }
}
