'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import { Clock, TriangleAlert } from 'lucide-react'
import Link from 'next/link'
import type { LostContext as Lost } from '#contract/records.ts'
import { type OfService, paths } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { Time } from '#components/ui/time.tsx'

/** Calls that left the environment in which they began, or may have, because the service did not carry it on: which, how often, and what to do. */
export function LostContext({ at }: { at: OfService }) {
  const trpc = useTRPC()
  const {
    data: { lost, late },
  } = useSuspenseQuery(trpc.services.traffic.queryOptions(at))
  return (
    <>
      {lost !== null && (
        <section
          aria-label="Calls that lost their environment"
          className="flex items-start gap-2 rounded border border-warn/40 bg-warn-soft px-3 py-2"
        >
          <TriangleAlert aria-hidden className="mt-[3px] size-3.5 shrink-0 text-warn" />
          <div className="min-w-0">
            <p className="text-pretty">
              <Calls at={at} lost={lost} /> lost {lost.calls === 1 ? 'its' : 'their'} environment and{' '}
              {lost.calls === 1 ? 'was' : 'were'} made in {lost.environment}, <By lost={lost} />
            </p>
            <p className="text-pretty text-muted">
              It handled calls of other environments at that time, and its own calls did not name their environment: the
              context was lost in a queue, a thread pool or a driver callback. <Bind /> In other languages, pass on the{' '}
              <code>baggage</code> header of the incoming call. An override in an environment always calls there.
            </p>
          </div>
        </section>
      )}
      {late !== null && (
        <section
          aria-label="Calls made after the response"
          className="flex items-start gap-2 rounded border border-border bg-sunken px-3 py-2"
        >
          <Clock aria-hidden className="mt-[3px] size-3.5 shrink-0 text-muted" />
          <div className="min-w-0">
            <p className="text-pretty">
              <Calls at={at} lost={late} /> {late.calls === 1 ? 'was' : 'were'} made for a finished call while calls of
              other environments were in progress, <By lost={late} />
            </p>
            <p className="text-pretty text-muted">
              This is fine for work that continues after the response. If the service has its own queue, work of one
              call may run in the environment of another. <Bind />
            </p>
          </div>
        </section>
      )}
    </>
  )
}

function Calls({ at, lost: { calls, callees } }: { at: OfService; lost: Lost }) {
  return (
    <>
      {calls === 1 ? 'One call' : `${calls.toLocaleString('en-GB')} calls`} to{' '}
      {callees.map(({ service }, index) => (
        <span key={service}>
          {index === 0 ? '' : index === callees.length - 1 ? ' and ' : ', '}
          {service === 'a deleted service' ? (
            service
          ) : (
            <Link href={paths.service({ ...at, service })} prefetch={false} className="text-text">
              {service}
            </Link>
          )}
        </span>
      ))}
    </>
  )
}

function By({ lost }: { lost: Lost }) {
  return (
    <>
      by revision <span className="font-mono text-small">{lost.revision}</span>. Last <Time at={lost.lastAt} />.
    </>
  )
}

function Bind() {
  return (
    <>
      Bind waiting work to its call with <code>AsyncResource.bind(work)</code> in Node or{' '}
      <code>contextvars.copy_context().run</code> in Python.
    </>
  )
}
