'use client'
import { useEffect, useRef, useState } from 'react'
import { type Inputs, type Outputs, useTRPCClient } from '#client/trpc.ts'

type Part = Outputs['calls']['stream'] extends AsyncIterable<infer Each> ? Each : never
export type StreamHead = Extract<Part, { head: unknown }>['head']

export interface Streamed {
  /** Of the endpoint that was asked. */
  key: string
  startedAt: number
  head: StreamHead | null
  /** The last ones, oldest first, with when each came. */
  messages: { n: number; at: number; text: string }[]
  /** How many there were in all. */
  count: number
  state: 'open' | 'ended' | 'stopped' | 'too many' | 'failed'
  error: unknown
}

const kept = 500

/** One endpoint that is listened to at a time; leaving the screen stops it. */
export function useStream(): {
  streamed: Streamed | null
  start: (key: string, input: Inputs['calls']['stream']) => Promise<StreamHead | null>
  stop: () => void
} {
  const client = useTRPCClient()
  const [streamed, setStreamed] = useState<Streamed | null>(null)
  const running = useRef<AbortController | null>(null)
  useEffect(() => () => running.current?.abort(), [])

  const stop = () => running.current?.abort()
  const start = async (key: string, input: Inputs['calls']['stream']): Promise<StreamHead | null> => {
    running.current?.abort()
    const control = new AbortController()
    running.current = control
    let now: Streamed = { key, startedAt: Date.now(), head: null, messages: [], count: 0, state: 'open', error: null }
    let frame = 0
    // Messages may come faster than they can be drawn.
    const show = (change: Partial<Streamed>) => {
      now = { ...now, ...change }
      cancelAnimationFrame(frame)
      if (running.current === control) frame = requestAnimationFrame(() => setStreamed(now))
    }
    setStreamed(now)
    try {
      for await (const part of await client.calls.stream.mutate(input, { signal: control.signal })) {
        if ('head' in part) show({ head: part.head })
        else if ('message' in part)
          show({
            count: now.count + 1,
            messages: [...now.messages.slice(1 - kept), { n: now.count + 1, at: Date.now(), text: part.message }],
          })
        else show({ state: part.end === 'limit' ? 'too many' : 'ended' })
      }
      if (now.state === 'open') show({ state: control.signal.aborted ? 'stopped' : 'ended' })
    } catch (error) {
      show(control.signal.aborted ? { state: 'stopped' } : { state: 'failed', error })
    }
    return now.head
  }
  return { streamed, start, stop }
}
