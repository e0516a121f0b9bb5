'use client'
import { useEffect, useRef, useState } from 'react'
import type { PlatformError } from '#contract/errors.ts'
import { useTRPCClient } from '#client/trpc.ts'
import { LogSession } from './log-session.ts'
import { sourceOf } from './log-source.ts'
import { filterOf, formatPlace, type Look, plainLook } from './look.ts'
import { Pace } from './pace.ts'

/**
 * The session of a look. A new filter opens a new one, and the lines of the old stay until it is there: what is refused
 * (an expression that cannot be read) is told while they stay.
 */
export function useLogSession({
  team,
  environment,
  service,
  look,
}: {
  team: string
  environment: string
  service: string | undefined
  look: Look
}) {
  const client = useTRPCClient()
  const [shown, setShown] = useState<LogSession | null>(null)
  const [refused, setRefused] = useState<PlatformError | null>(null)
  const [opening, setOpening] = useState(true)
  const [attempt, setAttempt] = useState(0)
  const current = useRef<{ about: string; at: string; session: LogSession } | null>(null)
  const latest = useRef(look)
  latest.current = look

  const services = service === undefined ? look.services : [service]
  const { at: place, wrap: _wrap, times: _times, dense: _dense, ...filters } = look
  const about = JSON.stringify([team, environment, services, filters, attempt])
  const at = place === null ? '' : formatPlace(place)

  useEffect(() => {
    // The place that a view was opened at is left by scrolling: that it is no longer in the address opens nothing.
    if (current.current?.about === about && (at === '' || at === current.current.at)) return
    const [, , chosen] = JSON.parse(about) as [string, string, string[]]
    const filter = filterOf({ ...plainLook, ...latest.current }, Date.now())
    const session: LogSession = new LogSession(
      sourceOf(client, { team, environment, services: chosen }),
      { filter, at: latest.current.at },
      () => pace.ask(),
    )
    const pace = new Pace(() => session.flush())
    current.current = { about, at, session }
    setOpening(true)
    void session.open().then(() => {
      if (current.current?.session !== session) return session.close()
      setOpening(false)
      if (session.state === 'failed' && session.error?.field === 'match') return setRefused(session.error)
      setRefused(null)
      setShown(session)
    })
  }, [client, team, environment, about, at])

  useEffect(
    () => () => {
      shown?.close()
    },
    [shown],
  )
  useEffect(
    () => () => {
      current.current?.session.close()
      current.current = null
    },
    [],
  )
  return { session: shown, opening, refused, retry: () => setAttempt((count) => count + 1) }
}
