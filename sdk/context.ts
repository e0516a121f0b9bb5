import { AsyncLocalStorage } from 'node:async_hooks'
import type { IncomingHttpHeaders } from 'node:http'

/** Who called: a person, a machine or a service, and their team. Set by the gateway, so it cannot be forged. */
export interface Caller {
  /** A confirmed email address. Absent while the platform has no proof that the address is theirs. */
  person?: string
  /** Of a person or a machine; never changes, even when the address does. */
  id?: string
  /** Name of a machine token. */
  machine?: string
  service?: string
  team?: string
}

/** What a service may know about the call that it is answering, and about itself. */
export interface Context {
  /** Absent when the call did not come through the gateway, or nobody is signed in. */
  caller?: Caller
  /** Id of the trace that the call belongs to; its logs are found by it. */
  trace?: string
  headers: IncomingHttpHeaders
  /** Aborted when the caller disconnected, or the service is stopping. */
  signal: AbortSignal
  service: string
  team: string
  environment: string
  revision: string
}

/** The call in progress. The preload and the SDK are loaded apart, so they meet at a global symbol. */
export interface CallState {
  headers: IncomingHttpHeaders
  signal: AbortSignal
  /** What tells whether it was answered, and whether all of that was sent. */
  answer?: { readonly writableEnded: boolean; readonly writableFinished: boolean }
}

const key = Symbol.for('m3o.context')

export const storage: AsyncLocalStorage<CallState> = ((globalThis as Record<symbol, unknown>)[key] ??=
  new AsyncLocalStorage<CallState>()) as AsyncLocalStorage<CallState>

/** So long after its answer the work for a call may go on. */
const afterAnswerMs = 600_000
const answeredAt = new WeakMap<object, number>()

/**
 * The call for which something is asked now. What goes on long after the answer is no longer done for it: it is a timer or
 * a loop that it happened to begin, and that would otherwise stay in its environment for as long as the service runs.
 */
export function callAtWork(now = performance.now()): CallState | undefined {
  const state = storage.getStore()
  const answer = state?.answer
  if (answer === undefined || !answer.writableEnded) return state
  const at = answeredAt.get(answer)
  if (at === undefined) answeredAt.set(answer, now)
  return now - (at ?? now) > afterAnswerMs ? undefined : state
}

/** Headers that go on with every call, so that a call stays in its environment and trace through all services. */
export const carried = ['baggage', 'traceparent', 'tracestate', 'm3o-hops'] as const

/** The call that is being answered, wherever in the code one is. Outside of a call only the service's own part is set. */
export function context(): Context {
  return contextOf(storage.getStore())
}

const never = new AbortController().signal

export function contextOf(state: CallState | undefined): Context {
  const headers = state?.headers ?? {}
  const { M3O_SERVICE = '', M3O_TEAM = '', M3O_ENVIRONMENT = '', M3O_REVISION = '' } = process.env
  const caller = parseCaller(headers['m3o-caller'])
  const trace = traceOf(headers)
  return {
    ...(caller && { caller }),
    ...(trace && { trace }),
    headers,
    signal: state?.signal ?? never,
    service: M3O_SERVICE,
    team: M3O_TEAM,
    environment: M3O_ENVIRONMENT,
    revision: M3O_REVISION,
  }
}

/** `traceparent: 00-{trace}-{span}-{flags}` (https://www.w3.org/TR/trace-context/) */
export function traceOf(headers: IncomingHttpHeaders): string | undefined {
  const value = headers.traceparent
  return typeof value === 'string' ? /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(value)?.[1] : undefined
}

/** A dictionary of strings and display strings, RFC 9651: `person="a@b.c", team="demo"`, or `id="u_1", team="demo"` without a confirmed address. */
function parseCaller(value: string | string[] | undefined): Caller | undefined {
  if (typeof value !== 'string') return undefined
  const caller: Caller = {}
  for (const [, name, display, quoted = ''] of value.matchAll(
    /(person|id|machine|service|team)=(%?)"((?:[^"\\]|\\.)*)"/g,
  )) {
    caller[name as keyof Caller] = display === '%' ? displayed(quoted) : quoted.replace(/\\(.)/g, '$1')
  }
  return Object.keys(caller).length > 0 ? caller : undefined
}

/** `Zo%c3%ab` → `Zoë`: RFC 9651, §4.2.10. */
function displayed(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}
