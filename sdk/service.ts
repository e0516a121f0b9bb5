import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Endpoint } from './endpoint.ts'
import type { Listening } from './serve.ts'

export interface ServiceOptions {
  /** Answers what is no endpoint: pages, webhooks, anything of HTTP. Without it such a request is answered with 404. */
  http?: (request: IncomingMessage, response: ServerResponse) => unknown
  /** Before the first call is taken: open a database, warm a cache. */
  start?: () => unknown
  /** After the last call was answered, before the process ends. */
  stop?: () => unknown
  /** Largest request body, in bytes. @defaultValue 4 MiB */
  bodyLimit?: number
}

export interface Service {
  readonly endpoints: Readonly<Record<string, Endpoint>>
  readonly options: ServiceOptions
  /** Serves, on HOST and PORT unless told otherwise. The platform calls it for the service that index.ts exports. */
  listen: (at?: { host?: string; port?: number }) => Promise<Listening>
}

const mark = Symbol.for('m3o.service')
const name = /^[A-Za-z][A-Za-z0-9_.-]{0,119}$/

/** A service of named endpoints; what a service's index.ts exports as default. */
export function service(endpoints: Record<string, Endpoint>, options: ServiceOptions = {}): Service {
  for (const [key, value] of Object.entries(endpoints)) {
    if (!name.test(key)) throw new TypeError(`invalid endpoint name "${key}": use letters, digits, - _ and .`)
    if (typeof value?.run !== 'function' && typeof value?.stream !== 'function') {
      throw new TypeError(`${key} is not an endpoint: write ${key}: endpoint({ … })`)
    }
  }
  const made: Service = {
    endpoints: Object.freeze({ ...endpoints }),
    options,
    listen: async (at = {}) => {
      const { serve } = await import('./serve.ts')
      return serve(made, at)
    },
  }
  Object.defineProperty(made, mark, { value: true })
  // The platform's preload waits for this to serve what the started module exports; elsewhere nobody does.
  const started = (globalThis as Record<symbol, unknown>)[Symbol.for('m3o.started')]
  if (typeof started === 'function') started(made)
  return made
}
