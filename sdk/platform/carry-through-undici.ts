import { type CallState, storage } from '../context.ts'

/**
 * A copy of undici that a service brings along queues requests behind a limited number of connections, and tries them
 * again, from within the callbacks of other requests' connections. Every request of it is bound to the call in which it
 * was made, and so are its callbacks. (Node's own `fetch` has no such limit and calls nobody back.)
 */
export type Handler = Record<string, ((...args: unknown[]) => unknown) | undefined>

/** Of both of undici's interfaces; which ones a handler has says which one it speaks. */
const callbacks = [
  'onConnect',
  'onUpgrade',
  'onHeaders',
  'onData',
  'onComplete',
  'onError',
  'onResponseStarted',
  'onBodySent',
  'onRequestSent',
  'onRequestStart',
  'onRequestUpgrade',
  'onResponseStart',
  'onResponseData',
  'onResponseEnd',
  'onResponseError',
]

const states = new WeakMap<Handler, { state: CallState | undefined }>()

/** The handler, bound to the call in which its request is made. */
export function bindHandler(handler: Handler): Handler {
  if (states.has(handler)) return handler
  const state = storage.getStore()
  const bound = Object.create(handler) as Handler
  for (const name of callbacks) {
    const callback = handler[name]
    if (typeof callback === 'function') bound[name] = (...args) => inState(state, () => callback.apply(handler, args))
  }
  states.set(bound, { state })
  return bound
}

/** How to go on with a request that waited in a queue and is now sent from within another call; undefined where it belongs. */
export function backToItsCall(handler: Handler): (<T>(run: () => T) => T) | undefined {
  const bound = states.get(handler)
  return bound === undefined || bound.state === storage.getStore() ? undefined : (run) => inState(bound.state, run)
}

export function inState<T>(state: CallState | undefined, run: () => T): T {
  return storage.getStore() === state ? run() : storage.run(state as CallState, run)
}
