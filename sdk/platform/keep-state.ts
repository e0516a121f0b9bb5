import type { EventEmitter } from 'node:events'
import { type CallState, storage } from '../context.ts'

export type Emit = (event: string | symbol, ...args: unknown[]) => boolean

const key = Symbol('m3o.state')
interface Kept { emit: Emit; [key]?: CallState }

/** Calls the listeners of an emitter in the context of one call. */
export function keepIn(state: CallState, emitter: EventEmitter): void {
  const kept = emitter as unknown as Kept
  kept[key] = state
  if (!keeping.has(kept.emit)) kept.emit = keep(kept.emit)
}

/** From then on they are called as they would have been. */
export function letGo(emitter: EventEmitter): void {
  delete (emitter as unknown as Kept)[key]
}

/** Makes it cheap for the emitters of a class, of which each request has some. */
export function prepareToKeep(prototype: EventEmitter): void {
  prototype.emit = keep(prototype.emit as Emit)
}

const keeping = new WeakSet<Emit>()

function keep(emit: Emit): Emit {
  const kept: Emit = function (this: Kept, event, ...args) {
    const state = this[key]
    if (state === undefined) return emit.call(this, event, ...args)
    // Of a client's request: what comes back belongs to the same call.
    if (event === 'response') keepIn(state, args[0] as EventEmitter)
    else if (event === 'upgrade') keepIn(state, args[1] as EventEmitter)
    const now = storage.getStore()
    // The SDK runs what it answers in a state of its own, of the same request.
    if (now === state || (now !== undefined && now.headers === state.headers)) return emit.call(this, event, ...args)
    return storage.run(state, () => emit.call(this, event, ...args))
  }
  keeping.add(kept)
  return kept
}
