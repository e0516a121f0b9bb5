import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { PlatformError } from '#contract/errors.ts'
import { header } from '#contract/headers.ts'
import * as http from '#contract/node-http.ts'
import type { Admission } from './admission.ts'
import { refuse, isNavigation } from './answer/refusal.ts'
import type { CallRequest, CallResponse } from './call.ts'
import { traceFrom } from './context/trace.ts'
import {
  answerBare,
  answerMalformed,
  bareBody,
  framingFault,
  isCondemned,
  mayUpgrade,
  passOverOffer,
} from './framing.ts'
import { type Handovers, isHandover } from './identity/handover.ts'
import type { Person } from './identity/identity.ts'
import { Exchange } from './proxy/exchange.ts'
import type { Proxy } from './proxy/proxy.ts'
import { type Upgraded, UpgradeExchange } from './proxy/upgrade-exchange.ts'
import type { KnownPassages } from './known-passages.ts'
import { requireCanonical, type Target, type Targets } from './routes/target.ts'
import type { Moves } from './moves.ts'
import type { Traces } from './traces.ts'
import type { Traffic } from './traffic.ts'
import { CallServer } from './wire/call-server.ts'

export interface DataPlaneParts {
  targets: Targets
  admission: Admission
  handovers: Handovers
  proxy: Proxy
  traces: Traces
  traffic: Traffic
  moves: Moves
  known: KnownPassages
  /** Scheme and console of the installation. */
  scheme: 'http' | 'https'
  console: string
  /** Something that is not the caller's fault. */
  report: (error: unknown) => void
}

/** A body may take as long as it takes, a head may not. */
const options: ServerOptions = {
  maxHeaderSize: 32 << 10,
  headersTimeout: 15_000,
  requestTimeout: 0,
  connectionsCheckingInterval: 2000,
  keepAliveTimeout: 65_000,
  noDelay: true,
  // framingFault finds it missing, and its answer has a form.
  requireHostHeader: false,
  shouldUpgradeCallback: mayUpgrade,
}

export type WhoActs = (request: IncomingMessage) => Person | undefined
const nobody = () => undefined

/** Takes callers' requests, over TCP and from the platform's own processes alike. */
export class DataPlane {
  private readonly parts: DataPlaneParts

  constructor(parts: DataPlaneParts) {
    this.parts = parts
  }

  /** A server as strict as Node's parser is. */
  createServer(): Server {
    return this.prepare(http.createServer(options))
  }

  /** A server for callers, none of whom can say who they are but by tokens, keys and cookies; what is plain is read without Node's parser. */
  createCallServer(): Server {
    const handle = (request: IncomingMessage, response: ServerResponse) => this.handle(request, response, nobody)
    return this.prepare(
      new CallServer(options, (request, response, upgraded) => this.pass(request, response, nobody, upgraded)),
    )
      .on('request', handle)
      .on('checkContinue', handle)
      .on('upgrade', (request, socket, head) => this.upgrade(request, socket as Socket, head, nobody))
  }

  private prepare(server: Server): Server {
    server.on('clientError', answerMalformed)
    server.on('connect', (_request, socket: Socket) =>
      answerBare(socket, 405, new PlatformError('method_not_allowed', 'CONNECT is not supported')),
    )
    server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
      response.writeHead(417, { connection: 'close', 'content-type': 'application/json' })
      response.end(
        bareBody(
          417,
          new PlatformError('bad_request', 'this Expect header is not supported', {
            fix: 'Send Expect: 100-continue, or no Expect header.',
          }),
        ),
      )
    })
    return server
  }

  /** What Node's parser has read. */
  handle(request: IncomingMessage, response: ServerResponse, whoActs: WhoActs, upgraded?: Upgraded): void {
    // What follows a request that could be framed in two ways may be a part of it.
    if (isCondemned(request)) return
    const fault = framingFault(request, response)
    if (upgraded === undefined) passOverOffer(request, response)
    if (fault === undefined) this.pass(request, response, () => whoActs(request), upgraded)
    else
      this.refuse(request, response, fault, {
        target: undefined,
        traceparent: traceFrom(request.headers[header.traceparent] as string | undefined).traceparent,
      })
  }

  upgrade(request: IncomingMessage, socket: Socket, head: Buffer, whoActs: WhoActs): void {
    const response = new http.ServerResponse(request)
    response.shouldKeepAlive = false
    response.assignSocket(socket)
    response.once('finish', () => socket.destroySoon())
    socket.on('error', () => socket.destroy())
    this.handle(request, response, whoActs, {
      socket,
      detach: () => {
        response.detachSocket(socket)
        return head
      },
    })
  }

  private pass(
    request: CallRequest,
    response: CallResponse,
    whoActs: () => Person | undefined,
    upgraded: Upgraded | undefined,
  ): void {
    const { targets, admission, handovers, proxy, traces, traffic, moves, known } = this.parts
    const trace = traceFrom(request.headers[header.traceparent] as string | undefined)
    let target: Target | undefined
    try {
      const before = known.of(request)
      if (before !== undefined) {
        target = before.target
        return proxy.send(
          new Exchange(proxy, { request, target: before.target, trusted: undefined }, response, {
            passage: before.passage,
            trace,
          }),
        )
      }
      target = targets.read(request)
      if (target.kind === 'own') return this.answerOwn(request, response, target.path, trace.traceparent)
      if (target.kind === 'host' && isHandover(target.path))
        return handovers.accept(request, response, target.host, target.path)
      const trusted = whoActs()
      const asked = { request, target, trusted }
      const passage = admission.admit(asked)
      if ('moving' in passage) {
        // It is looked at anew: whose it is, and who may call it, may be others then. Its body has not been touched.
        moves.over(passage.moving).then(
          () => {
            if (!response.destroyed) this.pass(request, response, whoActs, upgraded)
          },
          (error: unknown) => this.refuse(request, response, error, { target, traceparent: trace.traceparent }),
        )
        return
      }
      if ('label' in passage) return this.redirect(response, target, passage)
      if ('refused' in passage) {
        if (trusted !== undefined) traces.follow(trace.traceparent)
        // What anybody may ask for is not to push out what people look at.
        if (passage.refused.code === 'rate_limited') traffic.countLimited(passage)
        if (passage.countedAs !== 'anyone') traces.noteRefused(passage, request, trace.traceparent)
        throw passage.refused
      }
      if (trusted !== undefined) traces.follow(trace.traceparent)
      known.note(request, target, passage)
      const upgrade = upgraded === undefined ? undefined : request.headers.upgrade
      const exchange =
        upgraded === undefined
          ? new Exchange(proxy, asked, response, { passage, trace })
          : new UpgradeExchange(proxy, asked, response, { passage, trace, upgrade }).from(upgraded)
      proxy.send(exchange)
    } catch (error) {
      this.refuse(request, response, error, { target, traceparent: trace.traceparent })
    }
  }

  private refuse(
    request: CallRequest,
    response: CallResponse,
    error: unknown,
    { target, traceparent }: { target: Target | undefined; traceparent: string },
  ): void {
    if (!(error instanceof PlatformError)) this.parts.report(error)
    else if (
      error.code === 'unauthenticated' &&
      target?.kind === 'host' &&
      isNavigation(request) &&
      !isHandover(target.path)
    ) {
      return this.parts.handovers.begin(request, response, target.host, target.path)
    }
    const away = error instanceof PlatformError && error.code === 'unavailable'
    refuse(request, response, error, { traceparent, console: this.parts.console, ...(away && { retryAfter: 1 }) })
  }

  /** To the host of the new name; the method and the body go along. Names may be given again, so never permanently. */
  private redirect(
    response: CallResponse,
    target: Extract<Target, { kind: 'host' | 'path' }>,
    to: { label: string; path: string },
  ): void {
    const host = target.kind === 'host' ? target.host.slice(target.host.indexOf('.')) : ''
    response
      .writeHead(307, { location: `${this.parts.scheme}://${to.label}${host}${to.path}`, 'content-length': 0 })
      .end()
  }

  private answerOwn(request: CallRequest, response: CallResponse, path: string, traceparent: string): void {
    if (path === '/health' && (request.method === 'GET' || request.method === 'HEAD')) {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"ok"}')
      return
    }
    requireCanonical(path)
    refuse(
      request,
      response,
      new PlatformError('not_found', 'no service has this address', {
        fix: 'Call services at /v1/{service}/{endpoint}, or at their own hosts.',
      }),
      { traceparent, console: this.parts.console },
    )
  }
}
