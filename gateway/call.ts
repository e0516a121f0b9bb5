import type { IncomingHttpHeaders } from 'node:http'
import type { Socket } from 'node:net'
import type { header } from '#contract/headers.ts'
import type { HeadText } from './wire/head-text.ts'

/** The fields that the gateway's rules read; all others only pass through. */
export type CallHeaders = Readonly<
  Pick<
    IncomingHttpHeaders,
    | 'accept'
    | 'authorization'
    | 'connection'
    | 'content-length'
    | 'cookie'
    | 'expect'
    | 'host'
    | 'origin'
    | 'referer'
    | 'sec-fetch-dest'
    | 'sec-fetch-mode'
    | 'sec-fetch-site'
    | 'transfer-encoding'
    | 'upgrade'
    | 'via'
  > & {
    [
      name in
        | 'service-worker'
        | 'x-forwarded-for'
        | Exclude<(typeof header)[keyof typeof header], typeof header.caller | typeof header.servedBy>
    ]?: string | string[] | undefined
  }
>

/**
 * What the gateway's rules need of a request, whoever read it from the connection: an `IncomingMessage` of node:http is one, a
 * `WireRequest` of ours another. Framing is the only thing that they do differently.
 */
export interface CallRequest {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly httpVersion: string
  readonly headers: CallHeaders
  /** Name and value in turn, as they came. */
  readonly rawHeaders: readonly string[]
  readonly rawTrailers: readonly string[]
  /** All of its body has arrived. */
  readonly complete: boolean
  readonly socket: Socket
  /** One and the same for all requests of a connection whose heads are the same, to the byte; not known of the first of them. */
  readonly likeness?: object | undefined
  on(event: 'data', listener: (chunk: Buffer) => void): unknown
  on(event: 'end', listener: () => void): unknown
  once(event: 'end' | 'close', listener: () => void): unknown
  pause(): unknown
  resume(): unknown
}

/** What they need of its answer: node:http's `ServerResponse`, or a `WireResponse`. */
export interface CallResponse {
  readonly headersSent: boolean
  readonly writableEnded: boolean
  readonly destroyed: boolean
  /** Null while another answer goes before it on the same connection, and afterwards. */
  readonly socket: Socket | null
  writeHead(status: number, headers: Record<string, string | number>): CallResponse
  writeHead(status: number, reason: string, headers: string[]): CallResponse
  /** With a traceparent besides; of ours only. */
  sayHead?(head: HeadText, traceparent: string): void
  writeContinue(): void
  flushHeaders(): void
  addTrailers(trailers: [string, string][]): void
  /** False: no more until it drains. */
  write(chunk: Buffer): boolean
  end(): unknown
  end(chunk: Buffer | string): unknown
  end(text: string, encoding: 'latin1'): unknown
  destroy(): unknown
  /** Its caller has gone, or it was answered. */
  on(event: 'close', listener: () => void): unknown
  off(event: 'close', listener: () => void): unknown
  once(event: 'drain', listener: () => void): unknown
}
