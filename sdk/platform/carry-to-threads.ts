import type { EventEmitter } from 'node:events'
import { syncBuiltinESMExports } from 'node:module'
import threads, {
  getEnvironmentData,
  isMainThread,
  MessagePort,
  setEnvironmentData,
  type Worker,
} from 'node:worker_threads'
import { type CallState, callAtWork, carried, storage } from '../context.ts'
import { keepIn, letGo } from './keep-state.ts'

const key = 'm3o.call'
interface Given {
  headers: Record<string, string>
  shared: Int32Array<SharedArrayBuffer>
}
interface OfCall {
  state: CallState
  shared: Int32Array<SharedArrayBuffer>
}

const workers = new WeakMap<Worker, OfCall>()
const ofThread = isMainThread ? undefined : (getEnvironmentData(key) as unknown as Given | undefined)
const threadState = ofThread && { headers: ofThread.headers, signal: new AbortController().signal }

/** The call being answered; in a thread that works for one call alone, that one. */
export function currentState(): CallState | undefined {
  return callAtWork() ?? (ofThread !== undefined && Atomics.load(ofThread.shared, 0) === 0 ? threadState : undefined)
}

/**
 * Node carries no context from thread to thread. A worker that was started while a call was being answered works for that
 * call, until it is sent something from elsewhere, or a port by which that could be done: then it is one of a pool, and
 * belongs to nobody.
 */
export function carryToThreads(): void {
  const { prototype } = threads.Worker
  const post = prototype.postMessage as (this: Worker, value: unknown, transfer?: unknown) => void
  prototype.postMessage = function (this: Worker, value: unknown, transfer?: unknown) {
    const call = workers.get(this)
    if (call !== undefined && (currentState()?.headers !== call.state.headers || hasPort(transfer))) share(this, call)
    post.call(this, value, transfer)
  }
  threads.Worker = new Proxy(threads.Worker, {
    construct(target, args: [unknown, { transferList?: unknown }?], newTarget) {
      const state = currentState()
      // It calls its listeners in the context in which it was made.
      const make = () =>
        storage.run(
          undefined as unknown as CallState,
          () => Reflect.construct(target, args, newTarget) as Worker & EventEmitter,
        )
      if (state === undefined || hasPort(args[1]?.transferList)) return make()
      const shared = new Int32Array(new SharedArrayBuffer(4))
      setEnvironmentData(key, { headers: carriedOf(state), shared })
      try {
        const worker = make()
        workers.set(worker, { state, shared })
        keepIn(state, worker)
        return worker
      } finally {
        setEnvironmentData(key, ofThread)
      }
    },
  })
  syncBuiltinESMExports()
}

function share(worker: Worker & EventEmitter, { shared }: OfCall): void {
  Atomics.store(shared, 0, 1)
  workers.delete(worker)
  letGo(worker)
}

function hasPort(transfer: unknown): boolean {
  const list = Array.isArray(transfer) ? transfer : ((transfer as { transfer?: unknown } | undefined)?.transfer ?? [])
  return Array.isArray(list) && list.some((each) => each instanceof MessagePort)
}

const carriedOf = ({ headers }: CallState): Record<string, string> =>
  Object.fromEntries(carried.flatMap((name) => (typeof headers[name] === 'string' ? [[name, headers[name]]] : [])))
