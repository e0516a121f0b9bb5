import { isPlatformError, PlatformError } from '#contract/errors.ts'
import { header } from '#contract/headers.ts'
import type { Asked, Passage } from '../admission.ts'
import type { CallRequest, CallResponse } from '../call.ts'
import type { Answered } from '../context/answering.ts'
import type { Trace } from '../context/trace.ts'
import type { OpenCall } from '../open-calls.ts'
import type { Environment, Release } from '../routes/entities.ts'
import type { Counter } from '../traffic.ts'
import type { Connection, ExchangeHandler, Failure } from '../upstream/connection.ts'
import type { InstancePool } from '../upstream/instance-pool.ts'
import { MalformedResponse, type ResponseHead } from '../upstream/response-head.ts'
import { answerHeaders, fieldsOfAnswer, saidAnswer, servedBy } from './answer-headers.ts'
import type { Proxy } from './proxy.ts'
import { linger, RequestBody } from './request-body.ts'
import { requestHead } from './request-head.ts'
import { addTrailers } from './trailers.ts'

const repeatable = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'])
const smallBody = 16 << 10
/** How long a call that nobody takes is tried again: a swap of instances is shorter. */
const refusedMs = 500
/** After which it is looked at again whether the answer may still be had. */
const longMs = 1000

/** One request on its way: to an instance, to another when the first cannot take it, and its answer back. */
export class Exchange implements ExchangeHandler, OpenCall {
  readonly request: CallRequest
  readonly response: CallResponse
  readonly passage: Passage
  readonly trace: Trace
  protected readonly proxy: Proxy
  protected readonly asked: Asked
  protected pool: InstancePool | undefined
  protected connection: Connection | undefined
  protected readonly upgrade: string | undefined
  protected released = false
  /** The laptop that should serve it cannot be reached: what is beneath does. */
  pastLaptop = false
  protected answered: Answered | undefined
  private readonly started = performance.now()
  private readonly counter: Counter
  private readonly body: RequestBody | undefined
  private readonly idempotent: boolean
  release: Release | undefined
  environment: Environment | undefined
  private tried: Set<string> | undefined
  private lastError: Error | undefined
  private retryUntil: number | undefined
  private head: ResponseHead | undefined
  private sent = false
  private ended = false

  constructor(
    proxy: Proxy,
    asked: Asked,
    response: CallResponse,
    { passage, trace, upgrade }: { passage: Passage; trace: Trace; upgrade?: string | undefined },
  ) {
    const { request } = asked
    this.proxy = proxy
    this.asked = asked
    this.request = request
    this.response = response
    this.passage = passage
    this.trace = trace
    this.upgrade = upgrade
    this.counter = passage.counter = proxy.traffic.begin(passage, this.started, passage.counter)
    this.idempotent = upgrade === undefined && repeatable.has(request.method as string)
    const { headers } = request
    const chunked = headers['transfer-encoding'] !== undefined
    if (upgrade === undefined && (chunked || (headers['content-length'] ?? '0') !== '0'))
      this.body = new RequestBody(request, chunked)
    response.on('close', this.onClientGone)
  }

  /** Sends it to the least loaded instance of what serves now. */
  start(release: Release, environment: Environment): void {
    if (this.ended) return
    this.release = release
    this.environment = environment
    const pool = this.proxy.pools.choose(release.instances, this.tried)
    if (pool === undefined) return this.resolveAgain()
    this.pool = pool
    this.released = false
    this.connection = pool.acquire(this.idempotent)
    this.answered = {
      ofOther: environment !== this.passage.environment && environment.id !== this.passage.environment.id,
      environmentId: this.passage.environment.id,
      hops: this.passage.hops,
      traceparent: this.trace.traceparent,
    }
    pool.answering.begin(this.answered)
    this.connection.begin(this, this.request.method === 'HEAD')
  }

  onReady(): void {
    const connection = this.connection as Connection
    const { passage, trace, proxy, upgrade, body } = this
    const head = requestHead(this.request, {
      passage,
      trace,
      cookies: proxy.cookies,
      scheme: proxy.scheme,
      upgrade,
      chunked: body?.chunked === true,
    })
    if (body === undefined) connection.write(head)
    else body.sendTo(connection, head)
  }

  onDrain(): void {
    this.body?.resume()
  }

  onInformational(head: ResponseHead): void {
    const { request, response, passage } = this
    // HTTP/1.0 knows none of these (RFC 9110 §15.2).
    if (this.ended || response.headersSent || request.httpVersion !== '1.1') return
    if (head.status === 100) return request.headers.expect === undefined ? undefined : response.writeContinue()
    // Behind another answer of this connection there is no socket yet.
    if (response.socket === null) return
    const headers = answerHeaders(head, passage, this.proxy.cookies)
    let text = `HTTP/1.1 ${head.status} ${head.reason}\r\n`
    for (let i = 0; i < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`
    response.socket.write(`${text}\r\n`, 'latin1')
  }

  onHead(head: ResponseHead): void {
    if (this.ended) return
    if (performance.now() - this.started > longMs && !this.proxy.open.isStillLetIn(this.asked)) return this.revoke()
    this.head = head
    this.note(head.status)
    const { request, response, passage, trace } = this
    if (response.sayHead !== undefined) {
      return response.sayHead(saidAnswer(head, passage, this.proxy.cookies, this), trace.traceparent)
    }
    const headers = fieldsOfAnswer(head, passage, this.proxy.cookies, this.servedBy)
    headers.push(header.traceparent, trace.traceparent)
    // Who waited to be told to go on was told otherwise: what they send now, if anything, is not known.
    if (request.headers.expect !== undefined && !request.complete) headers.push('Connection', 'close')
    try {
      response.writeHead(head.status, head.reason, headers)
    } catch (cause) {
      this.onFailure({
        error: new MalformedResponse('a malformed header', { cause }),
        unsent: false,
        answered: true,
      })
    }
  }

  onData(chunk: Buffer, last: boolean): void {
    if (this.ended) return
    if (!last) this.goesOn()
    // As text a small body goes into the head's own write; latin1 keeps every byte.
    if (last && !this.sent && chunk.length <= smallBody) this.response.end(chunk.toString('latin1'), 'latin1')
    else if (last) this.response.end(chunk)
    else if (!this.response.write(chunk)) {
      this.connection?.socket.pause()
      this.response.once('drain', this.onClientDrain)
    }
    this.sent = true
  }

  onQuiet(): void {
    if (this.head === undefined || this.sent) return
    this.goesOn()
    this.sent = true
    this.response.flushHeaders()
  }

  /** Its answer comes in pieces, over who knows how long. */
  private goesOn(): void {
    if (!this.sent) this.proxy.open.add(this, this.asked)
  }

  isBarred(): boolean {
    return this.proxy.isBarred(this)
  }

  revoke(): void {
    if (this.ended) return
    this.letGo(false, undefined)
    if (!this.response.headersSent)
      return this.giveUp(new PlatformError('forbidden', `you may no longer call ${this.passage.service.name}`))
    this.finish()
    this.body?.detach()
    this.cutOff()
  }

  onEnd(trailers: string[]): void {
    if (this.ended) return
    this.finish()
    const { response, request, connection, head, body } = this
    if (!response.writableEnded) {
      if (trailers.length > 0 && request.httpVersion === '1.1') addTrailers(response, trailers)
      response.end()
    }
    const whole = body === undefined || body.done
    body?.detach()
    if (connection !== undefined) {
      connection.socket.resume()
      this.letGo((head?.reusable ?? false) && whole, head?.idleMs)
    }
    if (!whole) linger(request)
  }

  onTunnel(_head: ResponseHead, _rest: Buffer): void {
    this.onFailure({
      error: new MalformedResponse('a protocol that was not requested'),
      unsent: false,
      answered: true,
    })
  }

  onFailure({ error, unsent, answered }: Failure): void {
    if (this.ended) return
    const { connection, pool, body } = this
    const again =
      !answered &&
      !this.sent &&
      (unsent || (connection?.reused === true && this.idempotent)) &&
      (body === undefined || body.replayable)
    this.letGo(false, undefined)
    body?.detach()
    this.lastError = error
    if (again && pool !== undefined && this.release !== undefined) {
      // A kept connection that died says nothing about the instance; a refused one does.
      if (connection?.reused !== true) (this.tried ??= new Set()).add(pool.id)
      return this.start(this.release, this.environment as Environment)
    }
    if (this.response.headersSent) {
      this.finish()
      return this.cutOff()
    }
    const { laptop } = this.release ?? {}
    this.giveUp(
      new PlatformError(
        'bad_gateway',
        error instanceof MalformedResponse
          ? `${this.passage.service.name} sent ${error.message}`
          : `${this.passage.service.name}${laptop === undefined ? '' : ` on ${laptop.by}`} closed the connection before it responded`,
      ),
    )
  }

  /** No instance took it: the table is about to change, or one is just restarting. */
  private resolveAgain(): void {
    this.tried = undefined
    if (this.release?.laptop !== undefined && !this.pastLaptop) {
      this.pastLaptop = true
      return this.proxy.send(this)
    }
    this.retryUntil ??= performance.now() + refusedMs
    if (performance.now() > this.retryUntil) {
      return this.giveUp(
        new PlatformError('unavailable', `${this.passage.service.name} does not accept calls right now`, {
          fix: 'Try again in a moment, or check its logs.',
        }),
      )
    }
    this.proxy.nextRoute(this).then(
      ({ release, environment }) => this.start(release, environment),
      (error: unknown) => this.giveUp(error),
    )
  }

  /** Ends it with an error of the gateway's own. */
  giveUp(error: unknown): void {
    if (this.ended) return
    this.finish()
    this.body?.detach()
    this.note(isPlatformError(error) ? error.status : 500)
    this.proxy.refuse(this, error, this.lastError)
  }

  /** Nothing more comes of it, once. */
  private finish(): void {
    if (this.ended) return
    this.ended = true
    this.proxy.traffic.end(this.counter)
  }

  /** It was answered, or will not be. */
  private note(status: number): void {
    const { passage, trace, request, proxy } = this
    const ms = performance.now() - this.started
    proxy.traffic.count(this.counter, passage.endpoint, { status, ms })
    proxy.traces.note({
      passage,
      traceparent: trace.traceparent,
      parent: request.headers[header.traceparent] as string | undefined,
      method: request.method as string,
      servedBy: this.environment,
      revision: this.release?.revision,
      status,
      at: Date.now() - ms,
      ms,
    })
  }

  protected get servedBy(): string {
    return servedBy(this.passage, this)
  }

  /** Never a clean end on half an answer. Without a length or chunks only a reset says so. */
  private cutOff(): void {
    const { socket } = this.response
    if (socket !== null && this.request.httpVersion === '1.0') socket.resetAndDestroy()
    else this.response.destroy()
  }

  protected letGo(reusable: boolean, idleMs: number | undefined): void {
    if (this.released || this.connection === undefined || this.pool === undefined) return
    this.released = true
    if (this.sent) this.proxy.open.remove(this)
    if (this.answered !== undefined) this.pool.answering.end(this.answered)
    if (reusable) this.pool.release(this.connection, true, idleMs)
    else this.pool.discard(this.connection)
  }

  private readonly onClientDrain = (): void => void this.connection?.socket.resume()

  private readonly onClientGone = (): void => {
    if (this.ended) return
    this.finish()
    this.body?.detach()
    this.letGo(false, undefined)
    if (this.head === undefined) this.note(499)
  }

  protected finishAsTunnel(): void {
    this.finish()
    this.response.off('close', this.onClientGone)
    this.note(101)
  }
}
