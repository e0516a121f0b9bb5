'use client'
import { useEffect, useSyncExternalStore } from 'react'
import { patientFetch } from '#client/patient-fetch.ts'
import { holdLinks, webAway } from '#client/web-away.ts'
import { Spinner } from '#components/ui/spinner.tsx'

/** Above all of the console: a screen was asked for while web cannot be reached, and opens by itself. */
export function AwayNotice() {
  useEffect(waitForWeb, [])
  const shown = useSyncExternalStore(webAway.subscribe, webAway.isWaitedFor, () => false)
  return (
    <div
      role="status"
      className="pointer-events-none fixed inset-x-0 bottom-16 z-50 flex justify-center px-4 md:bottom-6"
    >
      {shown && (
        <p className="flex max-w-full items-center gap-2 rounded border border-warn/40 bg-warn-soft px-3 py-2 text-text">
          <Spinner className="size-3.5 shrink-0" />
          <span className="min-w-0 text-pretty">
            No connection to the console. The screen opens when the connection is back.
          </span>
        </p>
      )}
    </div>
  )
}

function waitForWeb(): () => void {
  const impatient = window.fetch
  const unpatched = impatient.bind(window)
  window.fetch = patientFetch(unpatched)
  const release = holdLinks(unpatched)
  return () => {
    window.fetch = impatient
    release()
  }
}
