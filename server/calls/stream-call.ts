import { StringDecoder } from 'node:string_decoder'
import type { Viewer, Web } from '../web.ts'
import { bytesOf, callFailure, type CallRequest, headOf, openCall } from './call-service.ts'

/** The head first, then each message as it comes, and at last why there is no more. */
export type StreamPart = { head: ReturnType<typeof headOf> } | { message: string } | { end: 'service' | 'limit' }

const mostMessages = 5_000
const mostMessageLength = 256 << 10

/**
 * As {@link callService}, for an endpoint that answers many times: its messages are handed on as they come, until it ends,
 * nobody listens any more, or there were too many.
 * @throws PlatformError as there; `timeout` when it did not begin to answer in time
 */
export async function* streamCall(web: Web, viewer: Viewer, request: CallRequest): AsyncGenerator<StreamPart> {
  const limit = new AbortController()
  const timer = setTimeout(() => limit.abort(), request.timeoutMs)
  const stop = new AbortController()
  const signals = [limit.signal, stop.signal, ...(request.signal === undefined ? [] : [request.signal])]
  try {
    const answer = await openCall(web, viewer, {
      ...request,
      body: bytesOf(request),
      signal: AbortSignal.any(signals),
      headers: [
        ['accept', 'text/event-stream'],
        ...request.headers.filter(([name]) => name.toLowerCase() !== 'accept'),
      ],
    })
    clearTimeout(timer)
    yield { head: headOf(answer) }
    const isEvents = (answer.headers['content-type'] ?? '').startsWith('text/event-stream')
    let count = 0
    for await (const message of messagesOf(answer, isEvents)) {
      if (++count > mostMessages) return yield { end: 'limit' }
      yield { message }
    }
    yield { end: 'service' }
  } catch (cause) {
    throw callFailure(request, cause, { late: limit.signal.aborted, gone: request.signal?.aborted === true })
  } finally {
    clearTimeout(timer)
    // Who stopped listening ends the call with it.
    stop.abort()
  }
}

/** The data of server-sent events (https://html.spec.whatwg.org/#event-stream-interpretation), or the lines of anything else. */
async function* messagesOf(answer: AsyncIterable<Buffer>, isEvents: boolean): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  let data: string[] = []
  let event = ''
  let size = 0
  const take = function* (line: string): Generator<string> {
    if (!isEvents) {
      if (line !== '') yield line
    } else if (line === '') {
      if (data.length > 0 && !isEnd(event, data)) yield data.join('\n')
      data = []
      event = ''
      size = 0
    } else if (line.startsWith('event:')) event = line.slice(6).trim()
    else if (line.startsWith('data:') && size < mostMessageLength) {
      // One event may have any number of lines: what is beyond the longest message is left out.
      data.push(line.slice(line.charAt(5) === ' ' ? 6 : 5))
      size += line.length
    }
  }
  for await (const part of answer) {
    const lines = (rest + decoder.write(part)).split(/\r?\n/)
    rest = lines.pop() ?? ''
    for (const line of lines) yield* take(line.slice(0, mostMessageLength))
    // A line without an end is not kept without end.
    if (rest.length > mostMessageLength) {
      yield* take(rest)
      rest = ''
    }
  }
  if (rest !== '') yield* take(rest)
  if (data.length > 0 && !isEnd(event, data)) yield data.join('\n')
}

/** How the SDK marks the end of a stream (sdk/stream-http.ts): no message. */
const isEnd = (event: string, data: readonly string[]): boolean =>
  event === 'end' && data.length === 1 && data[0] === '{}'
