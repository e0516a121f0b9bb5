import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import { type CallState, storage } from '../context.ts'

/**
 * A copy of undici that a service brings along queues requests behind a limited number of connections, and tries them
 * again, from within the callbacks of other requests' connections. Every request of it is bound to the call in which it
 * was made, and so are its callbacks. (Node's own `fetch` has no such limit and calls nobody back.)
 */
export function carryThroughUndici(): void {
  const hook = Symbol.for('m3o.undici')
  Object.defineProperty(globalThis, hook, { value: bindDispatcher })
  registerHooks({
    load(url, context, next) {
      if (!url.endsWith('/dispatcher-base.js') || !url.includes('/undici/')) return next(url, context)
      const source = `${readFileSync(fileURLToPath(url), 'utf8')}\n;globalThis[Symbol.for('m3o.undici')]?.(module.exports);`
      return { format: 'commonjs', source, shortCircuit: true }
    },
  })
}

type Handler = Record<string, ((...args: unknown[]) => unknown) | undefined>
type Dispatch = (this: unknown, options: unknown, handler: Handler) => boolean

/** Of both of undici's interfaces; which ones a handler has says which one it speaks. */
const callbacks = [
  'onConnect', 'onUpgrade', 'onHeaders', 'onData', 'onComplete', 'onError', 'onResponseStarted', 'onBodySent', 'onRequestSent',
  'onRequestStart', 'onRequestUpgrade', 'onResponseStart', 'onResponseData', 'onResponseEnd', 'onResponseError',
]

const states = new WeakMap<Handler, { state: CallState | undefined }>()

function bindDispatcher(DispatcherBase: { prototype: { dispatch: Dispatch } }): void {
  const { prototype } = DispatcherBase
  const { dispatch } = prototype
  prototype.dispatch = function (options, handler) {
    if (typeof handler !== 'object' || handler === null) return dispatch.call(this, options, handler)
    const bound = states.get(handler)
    if (bound === undefined) return dispatch.call(this, options, bind(handler, storage.getStore()))
    // It waited in a queue.
    return inState(bound.state, () => dispatch.call(this, options, handler))
  }
}

function bind(handler: Handler, state: CallState | undefined): Handler {
  const bound = Object.create(handler) as Handler
  for (const name of callbacks) {
    const callback = handler[name]
    if (typeof callback === 'function') bound[name] = (...args) => inState(state, () => callback.apply(handler, args))
  }
  states.set(bound, { state })
  return bound
}

function inState<T>(state: CallState | undefined, run: () => T): T {
  return storage.getStore() === state ? run() : storage.run(state as CallState, run)
}
