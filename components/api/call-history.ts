'use client'
import { useCallback, useMemo, useSyncExternalStore } from 'react'
import type { CallRequest } from './call-request.ts'
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

const listeners = new Set<() => void>()
const key = (serviceId: string) => `m3o.calls.${serviceId}`

/** The last fifty calls to a service, newest first, in this browser alone. */
export function useCallHistory(serviceId: string) {
  const stored = useSyncExternalStore(subscribe, () => read(serviceId), () => '[]')
  const calls = useMemo(() => parse(stored), [stored])
  const add = useCallback((call: PastCall) => {
    const { headers, body } = call.request
    const kept: PastCall = { ...call, request: { ...call.request, headers: withoutSecrets(headers), body: body !== null && body.length > mostBody ? '' : body } }
    write(serviceId, [kept, ...parse(read(serviceId))].slice(0, most))
  }, [serviceId])
  const clear = useCallback(() => write(serviceId, []), [serviceId])
  return { calls, add, clear }
}

function read(serviceId: string): string {
  try {
    return localStorage.getItem(key(serviceId)) ?? '[]'
  } catch {
    return '[]' // storage is refused, as in a private window
  }
}

function write(serviceId: string, calls: PastCall[]): void {
  try {
    localStorage.setItem(key(serviceId), JSON.stringify(calls))
  } catch {
    return // full or refused: a history is a convenience
  }
  for (const listener of listeners) listener()
}

function parse(stored: string): PastCall[] {
  try {
    const value: unknown = JSON.parse(stored)
    return Array.isArray(value) ? value.filter((each): each is PastCall => typeof each?.request?.path === 'string' && Array.isArray(each.request.headers)) : []
  } catch {
    return []
  }
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  window.addEventListener('storage', listener)
  return () => {
    listeners.delete(listener)
    window.removeEventListener('storage', listener)
  }
}
