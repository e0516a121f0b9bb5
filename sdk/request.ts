import type { IncomingMessage, ServerResponse } from 'node:http'

/** Aborted when the caller closed the connection before the answer was complete. */
export function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController()
  response.once('close', () => !response.writableFinished && gone.abort(new Error('the caller disconnected')))
  return gone.signal
}

export function pathOf(request: IncomingMessage): string {
  const path = (request.url ?? '/').replace(/\?.*$/s, '')
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
