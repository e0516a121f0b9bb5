'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import { RotateCw } from 'lucide-react'
import { useTRPC } from '#client/trpc.ts'
import { Button } from '#components/ui/button.tsx'
import { Panel, Section } from '#components/ui/page.tsx'
import { StateMark } from '#components/ui/state-mark.tsx'

const tones = { ok: { tone: 'ok', shape: 'full' }, warn: { tone: 'warn', shape: 'triangle' }, bad: { tone: 'bad', shape: 'cross' } } as const

/** What the platform leans on, looked at as the screen is opened. */
export function Health() {
  const { data: checks, refetch, isFetching } = useSuspenseQuery(useTRPC().platform.health.queryOptions())
  return (
    <Section
      title="Health" about="What the platform leans on. From a shell: m3o doctor. For Prometheus: /metrics."
      actions={<Button busy={isFetching} onClick={() => void refetch()}>{!isFetching && <RotateCw />}Look again</Button>}
    >
      <Panel>
        <ul className="divide-y divide-border">
          {checks.map(({ name, state, says, fix }) => (
            <li key={name} className="flex min-h-[34px] flex-wrap items-baseline gap-x-4 px-3 py-2">
              <span className="w-40 shrink-0"><StateMark {...tones[state]} word={name} /></span>
              <span className="tabular min-w-0 grow basis-64 text-pretty">{says}{fix !== null && <span className={`block ${state === 'bad' ? 'text-bad' : 'text-warn'}`}>{fix}</span>}</span>
            </li>
          ))}
        </ul>
      </Panel>
    </Section>
  )
}
