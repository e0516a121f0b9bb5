import type { EventEmitter } from 'node:events'
import { type CallState, storage } from '../context.ts'

export type Emit = (event: string | symbol, ...args: unknown[]) => boolean

const key = Symbol('m3o.state')
interface Holder { [key]?: CallState | undefined }
interface Kept extends Holder { emit: Emit; _events?: Record<string | symbol, unknown>; _readableState?: Holder; req?: { _readableState?: Holder } }

/**
 * Where an emitter's state is kept: with what Node keeps of a stream, an answer's with its request's. A property of their own
 * would give requests and answers another shape, and express, which changes the prototype of each, a tenth of its time more.
 */
const holderOf = (emitter: Kept): Holder => emitter._readableState ?? emitter.req?._readableState ?? emitter

/** Calls the listeners of an emitter in the context of one call. */
export function keepIn(state: CallState, emitter: EventEmitter): void {
  const kept = emitter as unknown as Kept
  holderOf(kept)[key] = state
  if (!keeping.has(kept.emit)) kept.emit = keep(kept.emit)
}

/** From then on they are called as they would have been. */
export function letGo(emitter: EventEmitter): void {
  holderOf(emitter as unknown as Kept)[key] = undefined
}

/** Makes it cheap for the emitters of a class, of which each request has some: see {@link keepPrepared}. */
export function prepareToKeep(prototype: EventEmitter): void {
  prototype.emit = keep(prototype.emit as Emit)
}

/** The same for an emitter of a prepared class. */
export function keepPrepared(state: CallState, emitter: EventEmitter): void {
  holderOf(emitter as unknown as Kept)[key] = state
}

const keeping = new WeakSet<Emit>()

function keep(emit: Emit): Emit {
  // Thousands of events a second come through here, so nothing is made of their arguments.
  const kept: Emit = function (this: Kept, event, first, second) {
    const state = holderOf(this)[key]
    // Most events have no listeners: for them nothing is entered. (`_events` is what has stayed since Node's first days.)
    if (state === undefined || (this._events !== undefined && this._events[event] === undefined && event !== 'error')) return emit.apply(this, arguments as unknown as Parameters<Emit>)
    // Of a client's request: what comes back belongs to the same call.
    if (event === 'response') keepIn(state, first as EventEmitter)
    else if (event === 'upgrade') keepIn(state, second as EventEmitter)
    const now = storage.getStore()
    // The SDK runs what it answers in a state of its own, of the same request.
    if (now === state || (now !== undefined && now.headers === state.headers)) return emit.apply(this, arguments as unknown as Parameters<Emit>)
    return storage.run(state, applyEmit, emit, this, arguments as unknown as Parameters<Emit>)
  }
  keeping.add(kept)
  return kept
}

const applyEmit = (emit: Emit, emitter: Kept, args: Parameters<Emit>): boolean => emit.apply(emitter, args)
