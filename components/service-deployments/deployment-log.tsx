'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import Link from 'next/link'
import { useState } from 'react'
import { isLogGap } from '#contract/log-words.ts'
import type { LogEntry, LogRecord } from '#contract/logs.ts'
import type { Deployment } from '#contract/records.ts'
import { useLive } from '#client/live.ts'
import { type OfService, paths } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { zoneName } from '#components/ui/exact-time.ts'
import { ClockTime } from '#components/ui/time.tsx'
import { useZone } from '#components/ui/zone.ts'
import { Section } from '#components/ui/page.tsx'
import { logQuery } from './log-query.ts'

/** What was said while it was made: its build, its start, and the platform's own word. Goes on while it is under way. */
export function DeploymentLog({ at, deployment }: { at: OfService; deployment: Deployment }) {
  const trpc = useTRPC()
  const zone = useZone()
  // As it was when it was first looked at: its end must not have all of it asked for again.
  const [asked] = useState(() => logQuery(at, deployment))
  const { data: page } = useSuspenseQuery(trpc.logs.read.queryOptions(asked))
  const [fresh, setFresh] = useState<LogRecord[]>([])
  // What goes on is heard a moment longer than it lasts: its last lines come after its end.
  const [wasUnderWay] = useState(deployment.endedAt === null)
  useLive(
    'logs',
    !wasUnderWay
      ? null
      : {
          team: at.team,
          environment: at.environment,
          services: [at.service],
          filter: { revision: [deployment.revision], since: deployment.createdAt },
          last: 500,
        },
    (entry: LogEntry) => {
      if (!isLogGap(entry))
        setFresh((lines) => (lines.some(({ seq }) => seq === entry.seq) ? lines : [...lines.slice(-999), entry]))
    },
  )
  const stored = page.entries.filter((entry): entry is LogRecord => !isLogGap(entry))
  const known = new Set(stored.map(({ seq }) => seq))
  const end = deployment.endedAt === null ? Infinity : deployment.endedAt + 1_500
  const lines = [...stored, ...fresh.filter(({ seq, time }) => !known.has(seq) && Date.parse(time) <= end)].sort(
    (one, other) => one.seq - other.seq,
  )
  return (
    <Section
      title="Log"
      about={<>Build, start and platform messages. Times in {zoneName(zone)}.</>}
      actions={
        <Link href={paths.serviceLogs(at)} className="text-small text-muted hover:text-text">
          All logs
        </Link>
      }
    >
      <div
        tabIndex={0}
        role="log"
        aria-label="Log of this deployment"
        className="max-h-[420px] overflow-auto rounded border border-border bg-sunken py-2 font-mono text-small"
      >
        {lines.length === 0 ? (
          <p className="px-3 font-sans text-muted">
            {deployment.endedAt === null ? 'No log lines yet.' : 'No log lines: the build already existed.'}
          </p>
        ) : (
          lines.map((line) => (
            <div key={line.seq} className="flex gap-3 px-3 hover:bg-hover">
              <ClockTime at={Date.parse(line.time)} className="shrink-0 text-muted select-none" />
              <span className="hidden w-14 shrink-0 text-muted select-none sm:inline">
                {line.stream === 'stdout' || line.stream === 'stderr' ? 'service' : line.stream}
              </span>
              <span
                className={`min-w-0 break-words whitespace-pre-wrap ${line.level === 'error' || line.level === 'fatal' ? 'text-bad' : line.level === 'warn' ? 'text-warn' : ''}`}
              >
                {line.text}
              </span>
            </div>
          ))
        )}
      </div>
    </Section>
  )
}
