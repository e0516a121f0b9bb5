import type { EventEmitter } from 'node:events'
import { type CallState, storage } from '../context.ts'

type Emit = (event: string | symbol, ...args: unknown[]) => boolean
type On = (this: Kept, event: string | symbol, listener: (...args: unknown[]) => void) => Kept

const key = Symbol('m3o.state')
interface Kept {
  [key]?: CallState | undefined
  emit: Emit
  _events?: Record<string | symbol, unknown>
  complete?: boolean
}

/** Calls the listeners of an emitter in the context of one call. */
export function keepIn(state: CallState, emitter: EventEmitter): void {
  const kept = emitter as unknown as Kept
  kept[key] = state
  if (!keeping.has(kept.emit)) kept.emit = keep(kept.emit)
}

/** From then on they are called as they would have been. */
export function letGo(emitter: EventEmitter): void {
  ;(emitter as unknown as Kept)[key] = undefined
}

/**
 * Keeps every emitter of a class in the call that first listens to it. Most requests and answers are never listened to, and
 * those cost nothing: a state that each of them had would give them another shape, and express, which changes the prototype of
 * both, a tenth of its time more.
 */
export function keepWhenListenedTo(prototype: EventEmitter): void {
  for (const name of ['on', 'addListener', 'prependListener'] as const) {
    const listen = prototype[name] as unknown as On
    const keeping: On = function (event, listener) {
      if (this[key] === undefined) {
        const state = storage.getStore()
        if (state !== undefined && !isOver(this, state)) keepIn(state, this as unknown as EventEmitter)
      }
      return listen.call(this, event, listener)
    }
    Object.defineProperty(prototype, name, { value: keeping, writable: true, configurable: true, enumerable: false })
  }
}

/**
 * It has come whole, and was answered: nothing more happens on its connection, and what it still has to say it says in the
 * call of whoever asks. (Node itself listens then to nearly every request.)
 */
const isOver = (emitter: Kept, { answer }: CallState): boolean =>
  emitter.complete === true && answer?.writableFinished === true

const keeping = new WeakSet<Emit>()
const keepers = new WeakMap<Emit, Emit>()

/** One for all emitters of a class: thousands are made a second. */
function keep(emit: Emit): Emit {
  const made = keepers.get(emit)
  if (made !== undefined) return made
  const kept: Emit = function (this: Kept, event, _first, second) {
    const state = this[key]
    // Most events have no listeners: for them nothing is entered. (`_events` is what has stayed since Node's first days.)
    if (state === undefined || (this._events?.[event] === undefined && event !== 'error'))
      return emit.apply(this, arguments as unknown as Parameters<Emit>)
    // Of a client's request: what comes over its connection from now on belongs to the same call.
    if (event === 'upgrade') keepIn(state, second as EventEmitter)
    const now = storage.getStore()
    // The SDK runs what it answers in a state of its own, of the same request.
    if (now === state || (now !== undefined && now.headers === state.headers))
      return emit.apply(this, arguments as unknown as Parameters<Emit>)
    return storage.run(state, applyEmit, emit, this, arguments as unknown as Parameters<Emit>)
  }
  keeping.add(kept)
  keepers.set(emit, kept)
  return kept
}

const applyEmit = (emit: Emit, emitter: Kept, args: Parameters<Emit>): boolean => emit.apply(emitter, args)
