import http from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import https from 'node:https'
import net from 'node:net'
import tls from 'node:tls'
import { type CallState, storage } from '../context.ts'
import { addToCalls } from './add-to-calls.ts'
import { carryThroughLibraries } from './carry-through-libraries.ts'
import { carryThroughPorts } from './carry-through-ports.ts'
import { carryToThreads } from './carry-to-threads.ts'
import { keepIn, keepWhenListenedTo } from './keep-state.ts'

/**
 * Carries a call's context (environment, trace, hops) on to the calls that are made while it is answered, in any code:
 * express, plain http, fetch, another undici. Only to the gateway: nobody else is to learn of it.
 */
export function carryContext(): void {
  enterOnRequest(http.Server.prototype)
  enterOnRequest(https.Server.prototype)
  // Listeners of a body or of an answer are called by the connection, which belongs to no single call.
  keepWhenListenedTo(http.IncomingMessage.prototype)
  keepWhenListenedTo(http.ServerResponse.prototype)
  connectForNobody()
  addToCalls(process.env.M3O_GATEWAY)
  carryThroughLibraries()
  carryThroughPorts()
  carryToThreads()
}

const never = new AbortController().signal

/** The headers are put together only if somebody asks for them: most calls of most services make none of their own. */
class RequestState implements CallState {
  readonly signal = never
  readonly answer: ServerResponse | net.Socket
  private readonly request: IncomingMessage

  constructor(request: IncomingMessage, answer: ServerResponse | net.Socket) {
    this.request = request
    this.answer = answer
  }

  get headers() {
    return this.request.headers
  }
}

function enterOnRequest(prototype: http.Server): void {
  const emit = prototype.emit as Emit
  const emitToServer = (server: http.Server, args: Parameters<Emit>): boolean => emit.apply(server, args)
  const entering: Emit = function (this: http.Server, event, first, second) {
    if (event !== 'request' && event !== 'upgrade' && event !== 'checkContinue')
      return emit.apply(this, arguments as unknown as Parameters<Emit>)
    const [request, answer] = [first as IncomingMessage, second as ServerResponse | net.Socket]
    const state = new RequestState(request, answer)
    if (event === 'upgrade') keepIn(state, answer)
    return storage.run(state, emitToServer, this, arguments as unknown as Parameters<Emit>)
  }
  prototype.emit = entering
}

/**
 * A connection calls its listeners in the context in which it was opened. Those of pools, of databases above all, outlive
 * the call that happened to open them and then serve others: what a callback of theirs calls would run in the wrong
 * environment. So they have none. What belongs to one call finds its context otherwise: promises have their own, and
 * requests are kept in theirs.
 */
function connectForNobody(): void {
  const socket = net.Socket.prototype as unknown as Methods
  const secure = tls.TLSSocket.prototype as unknown as Methods
  for (const [prototype, name] of [
    [socket, 'connect'],
    [secure, '_wrapHandle'],
  ] as const) {
    const method = prototype[name]
    if (method === undefined) continue
    prototype[name] = function (this: unknown, ...args: unknown[]) {
      return storage.getStore() === undefined
        ? method.apply(this, args)
        : storage.run(undefined as unknown as CallState, () => method.apply(this, args))
    }
  }
}

type Emit = (event: string | symbol, ...args: unknown[]) => boolean
type Methods = Record<string, ((this: unknown, ...args: unknown[]) => unknown) | undefined>
