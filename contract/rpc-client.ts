import type { IncomingMessage } from 'node:http'
import type { Duplex, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { errorFromBody, isPlatformError, PlatformError } from './errors.ts'
import { readJsonLines } from './json-lines.ts'
import { Agent, request } from './node-http.ts'
import { type Actor, type Api, platformActor, rpcHeader } from './rpc.ts'
import type { InputOf, ItemOf, NamesOf, OutputOf } from './rpc-types.ts'
import { socketAddress } from './unix-socket.ts'

interface RpcOptions {
  /** Who acts; the platform itself when absent. */
  actor?: Actor
  signal?: AbortSignal
}
interface RpcStreamOptions extends RpcOptions {
  /** The server's source is being read: what happens from now on is not missed. */
  onOpen?: () => void
}
interface RpcCallOptions extends RpcOptions {
  /** A call's default is 60 s; an upload has none. */
  timeoutMs?: number
}

export interface RpcClient<A extends Api> {
  call<N extends NamesOf<A, 'call'>>(name: N, input: InputOf<A[N]>, options?: RpcCallOptions): Promise<OutputOf<A[N]>>
  /** Connects when first read; the server is held back while nobody reads; leaving the loop ends it. */
  stream<N extends NamesOf<A, 'stream'>>(
    name: N,
    input: InputOf<A[N]>,
    options?: RpcStreamOptions,
  ): AsyncGenerator<ItemOf<A[N]>, void, undefined>
  duplex<N extends NamesOf<A, 'duplex'>>(name: N, input: InputOf<A[N]>, options?: RpcCallOptions): Promise<Duplex>
  upload<N extends NamesOf<A, 'upload'>>(
    name: N,
    input: InputOf<A[N]>,
    body: Readable,
    options?: RpcCallOptions,
  ): Promise<OutputOf<A[N]>>
  /** Ends its idle connections. */
  close(): void
}

const callTimeoutMs = 60_000

/** A client of the process that listens on `socketPath`; `peer` is what people are told when it is away. */
export function createRpcClient<A extends Api>(_api: A, socketPath: string, peer = 'runtime'): RpcClient<A> {
  // Shorter than the server's, so that no call is sent on a connection that is being closed.
  const agent = new Agent({ keepAlive: true, timeout: 30_000, maxFreeSockets: 64 })

  function away(cause: unknown): PlatformError {
    return new PlatformError(
      'unavailable',
      `the ${peer} does not respond`,
      {
        fix: `The ${peer} is restarting. Try again in a moment.`,
      },
      { cause },
    )
  }

  function open(path: string, headers: Record<string, string | number>, options: RpcCallOptions, own = false) {
    const timeout = options.timeoutMs
    const sent = request({
      socketPath: socketAddress(socketPath),
      path,
      method: 'POST',
      agent: own ? false : agent,
      headers: { ...headers, [rpcHeader.actor]: encodeURIComponent(JSON.stringify(options.actor ?? platformActor)) },
    })
    let ended: PlatformError | undefined
    const end = (why: PlatformError) => {
      ended = why
      sent.destroy(why)
    }
    const stop = () =>
      end(new PlatformError('cancelled', 'the request was cancelled', {}, { cause: options.signal?.reason }))
    if (options.signal?.aborted) stop()
    options.signal?.addEventListener('abort', stop, { once: true })
    const timer =
      timeout === undefined
        ? undefined
        : setTimeout(() => {
            end(new PlatformError('timeout', `the ${peer} took longer than ${timeout} ms`))
          }, timeout)
    /** Why it failed: what ended it here, or else that the peer is away. */
    const failure = (error: unknown) => ended ?? (isPlatformError(error) ? error : away(error))
    const release = () => {
      clearTimeout(timer)
      options.signal?.removeEventListener('abort', stop)
    }
    sent.once('close', release)
    const response = new Promise<IncomingMessage>((resolve, reject) => {
      sent.once('response', resolve)
      // Stays for the connection's whole life: a later error also reaches whoever reads the response.
      sent.on('error', (error) => reject(failure(error)))
    })
    response.catch(() => {})
    return { sent, response, release, failure }
  }

  async function answer(response: IncomingMessage, failure: (error: unknown) => PlatformError): Promise<unknown> {
    const parts: Buffer[] = []
    try {
      for await (const part of response) parts.push(part as Buffer)
    } catch (error) {
      throw failure(error)
    }
    const text = Buffer.concat(parts).toString()
    let body: unknown
    try {
      body = text === '' ? undefined : JSON.parse(text)
    } catch (cause) {
      throw new PlatformError('internal', `the ${peer} returned invalid JSON`, {}, { cause })
    }
    if (response.statusCode !== 200) throw errorFromBody(body)
    return body
  }

  async function openStream(name: string, input: unknown, options: RpcOptions) {
    const body = JSON.stringify(input)
    const opened = open(
      `/stream/${name}`,
      { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      options,
      true,
    )
    opened.sent.end(body)
    const response = await opened.response
    if (response.statusCode !== 200) await answer(response, opened.failure)
    return { ...opened, response }
  }

  return {
    async call(name, input, options = {}) {
      const body = JSON.stringify(input)
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
      const { sent, response, failure } = open(`/rpc/${name}`, headers, { timeoutMs: callTimeoutMs, ...options })
      sent.end(body)
      return (await answer(await response, failure)) as OutputOf<A[typeof name]>
    },

    async *stream(name, input, options = {}) {
      const { sent, response, failure } = await openStream(name, input, options)
      options.onOpen?.()
      try {
        for await (const line of readJsonLines(response)) {
          const refusal = (line as { $error?: unknown } | null)?.$error
          if (refusal !== undefined) throw errorFromBody(refusal)
          yield line as ItemOf<A[typeof name]>
        }
      } catch (error) {
        throw isPlatformError(error) ? error : failure(error)
      } finally {
        sent.destroy()
      }
    },

    async duplex(name, input, options = {}) {
      const headers = {
        connection: 'Upgrade',
        upgrade: 'm3o',
        [rpcHeader.input]: encodeURIComponent(JSON.stringify(input)),
      }
      const { sent, response, release, failure } = open(
        `/duplex/${name}`,
        headers,
        { timeoutMs: callTimeoutMs, ...options },
        true,
      )
      const upgraded = new Promise<Duplex>((resolve) => {
        sent.once('upgrade', (_response, socket, head) => {
          release()
          if (head.length > 0) socket.unshift(head)
          options.signal?.addEventListener('abort', () => socket.destroy(), { once: true })
          resolve(socket)
        })
      })
      sent.end()
      const refused = response.then(async (refusal) => {
        await answer(refusal, failure)
        throw new PlatformError('internal', `the ${peer} did not switch protocols`)
      })
      return Promise.race([upgraded, refused])
    },

    async upload(name, input, body, options = {}) {
      const headers = {
        'content-type': 'application/octet-stream',
        [rpcHeader.input]: encodeURIComponent(JSON.stringify(input)),
      }
      const { sent, response, failure } = open(`/upload/${name}`, headers, options, true)
      const sending = pipeline(body, sent)
      // The body's own failure is why it failed, even though the request then fails as well.
      const delivered = sending.then(
        () => response,
        async (error: unknown) => {
          const why = await response.then(
            () => undefined,
            (refusal: unknown) => refusal,
          )
          if (why === undefined) return response
          throw isPlatformError(error) ? error : why
        },
      )
      try {
        // A refusal may arrive, and matters more, before the body was sent whole.
        return (await answer(await Promise.race([response, delivered]), failure)) as OutputOf<A[typeof name]>
      } finally {
        delivered.catch(() => {})
        body.destroy()
        sent.destroy()
      }
    },

    close: () => agent.destroy(),
  }
}
