import type { AtEnvironment } from '../authorize.ts'
import type { Viewer, Web } from '../web.ts'

export interface CallRequest {
  at: AtEnvironment
  service: string
  path: string
  method: string
  headers: [string, string][]
  body: string | null
  binary: boolean
  timeoutMs: number
  from: string
  signal: AbortSignal | undefined
}

/** What a service answered. `body` is base64 when `binary`; `truncated` when it was longer than {@link mostBytes}. */
export interface CallAnswer {
  status: number
  statusText: string
  headers: [string, string][]
  body: string
  binary: boolean
  truncated: boolean
  bytes: number
  durationMs: number
  servedBy: string | null
  trace: string | null
}

export const mostBytes = 5 << 20

export async function callService(_web: Web, _viewer: Viewer, _request: CallRequest): Promise<CallAnswer> {
  throw new Error('not yet')
}
