'use client'
import { useCallback } from 'react'
import type { CallRequest } from './call-request.ts'
import { useKeptList } from './kept-list.ts'
import { withoutSecrets } from './secret-headers.ts'

/** A call that was made from this browser, to be made again. Answers are not kept. */
export interface PastCall {
  at: number
  environment: string
  request: CallRequest
  /** Null: it did not get there. */
  status: number | null
  durationMs: number | null
}

const most = 50
const mostBody = 20_000

/** The last fifty calls to a service, newest first, in this browser alone. */
export function useCallHistory(serviceId: string) {
  const [calls, change] = useKeptList<PastCall>(`m3o.calls.${serviceId}`)
  const add = useCallback(
    (call: PastCall) => {
      const { headers, body } = call.request
      const kept: PastCall = {
        ...call,
        request: {
          ...call.request,
          headers: withoutSecrets(headers),
          body: body !== null && body.length > mostBody ? '' : body,
        },
      }
      change((all) => [kept, ...all].slice(0, most))
    },
    [change],
  )
  const clear = useCallback(() => void change(() => []), [change])
  return { calls, add, clear }
}
