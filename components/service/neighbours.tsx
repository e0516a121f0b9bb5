'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import Link from 'next/link'
import type { OfService } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { Panel } from '#components/ui/page.tsx'
import { linkTo } from './link-to.ts'

/** Who calls it, and whom it calls, busiest first. */
export function Neighbours({ at }: { at: OfService }) {
  const trpc = useTRPC()
  const {
    data: { callers, callees },
  } = useSuspenseQuery(trpc.services.traffic.queryOptions(at))
  return (
    <>
      <List
        title="Called by"
        none="No callers here."
        entries={callers.map(({ caller, requests }) => ({
          name: caller,
          requests,
          isService: caller !== 'person' && caller !== 'anyone' && !caller.startsWith('members of '),
        }))}
        at={at}
      />
      <List
        title="Calls"
        none="It calls no other services here."
        entries={callees.map(({ service, requests }) => ({ name: service, requests, isService: true }))}
        at={at}
      />
    </>
  )
}

const words: Record<string, string> = { person: 'People and tokens', anyone: 'Anyone, not signed in' }

function List({
  title,
  none,
  entries,
  at,
}: {
  title: string
  none: string
  entries: { name: string; requests: number; isService: boolean }[]
  at: OfService
}) {
  const most = Math.max(1, ...entries.map(({ requests }) => requests))
  return (
    <section>
      <h2 className="mb-2 text-large font-semibold">{title}</h2>
      <Panel>
        {entries.length === 0 ? (
          <p className="px-3 py-2 text-muted">{none}</p>
        ) : (
          <ul className="divide-y divide-border">
            {entries.map(({ name, requests, isService }) => (
              <li key={name} className="relative flex h-[34px] items-center justify-between gap-3 px-3">
                <span
                  aria-hidden
                  className="absolute inset-y-0 left-0 bg-hover"
                  style={{ width: `${(requests / most) * 100}%` }}
                />
                <span className="relative truncate">
                  {isService && name !== 'a deleted service' ? (
                    <Link href={linkTo(at, name)} prefetch={false} className="text-text">
                      {name}
                    </Link>
                  ) : (
                    (words[name] ?? name)
                  )}
                </span>
                <span className="tabular relative text-muted">{requests.toLocaleString('en-GB')}</span>
              </li>
            ))}
          </ul>
        )}
      </Panel>
    </section>
  )
}
