import type { ServerResponse } from 'node:http'
import type { EndpointExchange } from './answer.ts'
import { promised, report } from './checked.ts'
import { contextOf, storage } from './context.ts'
import { errorForm } from './errors.ts'

/** Headers go out by then even when nothing was yielded, so that the caller knows that it is connected. */
const patienceMs = 250
/** Proxies on the way close what is silent. */
const heartbeatMs = 15_000

interface HttpStream extends EndpointExchange {
  id: string
  asked: unknown
  signal: AbortSignal
}

/** A streaming endpoint over HTTP: server-sent events when they are accepted, else one JSON document a line. */
export async function streamHttp(exchange: HttpStream): Promise<void> {
  const { request, response, id, name, endpoint, signal } = exchange
  const events = (request.headers.accept ?? '').includes('text/event-stream')
  const head = () => {
    if (response.headersSent) return
    response.writeHead(200, {
      'content-type': events ? 'text/event-stream' : 'application/x-ndjson',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    })
    response.flushHeaders()
  }
  const early = setTimeout(head, patienceMs)
  const beat = events ? setInterval(() => response.headersSent && response.write(':\n\n'), heartbeatMs) : undefined
  try {
    for await (const item of messages({ ...exchange, signal })) {
      head()
      const text = JSON.stringify(await promised(endpoint, name, item))
      await send(response, events ? `data: ${text}\n\n` : `${text}\n`, signal)
    }
    head()
    response.end(events ? 'event: end\ndata: {}\n\n' : undefined)
  } catch (error) {
    if (signal.aborted) return void response.destroy()
    const { code, detail } = report(id, name, error)
    const form = errorForm(id, code, detail)
    if (!response.headersSent) {
      response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(form))
    } else if (events) response.end(`event: error\ndata: ${JSON.stringify(form)}\n\n`)
    // A line of JSON could be mistaken for an item: a cut connection cannot.
    else response.destroy()
  } finally {
    clearTimeout(early)
    clearInterval(beat)
  }
}

/** What the endpoint yields, in the context of its call, until the signal: then its generator is told to return. */
export async function* messages(of: {
  endpoint: EndpointExchange['endpoint']
  request: EndpointExchange['request']
  asked: unknown
  signal: AbortSignal
}): AsyncGenerator<unknown, void> {
  const state = { headers: of.request.headers, signal: of.signal }
  const iterator = storage.run(state, () =>
    of.endpoint.stream?.(of.asked as never, contextOf(state))[Symbol.asyncIterator](),
  )
  if (!iterator) return
  const aborted = new Promise<never>((_, reject) => {
    const stop = () => reject(of.signal.reason)
    if (of.signal.aborted) stop()
    else of.signal.addEventListener('abort', stop, { once: true })
  })
  aborted.catch(() => {})
  try {
    for (;;) {
      const next = await Promise.race([storage.run(state, () => iterator.next()), aborted])
      if (next.done) return
      yield next.value
    }
  } finally {
    // Not awaited: a generator that waits for something that never comes would hold the connection.
    storage.run(state, () => void Promise.resolve(iterator.return?.()).catch(() => {}))
  }
}

function send(response: ServerResponse, text: string, signal: AbortSignal): Promise<void> | undefined {
  if (response.write(text)) return undefined
  return new Promise((resolve, reject) => {
    response.once('drain', resolve)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
