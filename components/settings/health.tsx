'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import { RotateCw } from 'lucide-react'
import { useTRPC } from '#client/trpc.ts'
import { Button } from '#components/ui/button.tsx'
import { PageBody, Panel, Properties, Section } from '#components/ui/page.tsx'
import { StateMark } from '#components/ui/state-mark.tsx'
import { Time } from '#components/ui/time.tsx'
import { Address } from './address.tsx'

const tones = {
  ok: { tone: 'ok', shape: 'full' },
  warn: { tone: 'warn', shape: 'triangle' },
  bad: { tone: 'bad', shape: 'cross' },
} as const

/** For operators: how the platform itself is, looked at as the screen is opened, and where others can look. */
export function Health() {
  const trpc = useTRPC()
  const health = useSuspenseQuery(trpc.platform.health.queryOptions())
  const status = useSuspenseQuery(trpc.platform.status.queryOptions())
  const { data: about } = useSuspenseQuery(trpc.platform.about.queryOptions())
  const { processes } = status.data
  const memory = processes.reduce((sum, each) => sum + (each.memoryBytes ?? 0), 0)
  const busy = health.isFetching || status.isFetching
  const lookAgain = () => {
    void health.refetch()
    void status.refetch()
  }
  return (
    <PageBody>
      <Section
        title="Health"
        about={
          <>
            Platform dependencies, as of <Time at={health.dataUpdatedAt} />.
          </>
        }
        actions={
          <Button busy={busy} onClick={lookAgain}>
            {!busy && <RotateCw />}Check again
          </Button>
        }
      >
        <Panel>
          <ul className="divide-y divide-border">
            {health.data.map(({ name, state, says, fix }) => (
              <li key={name} className="flex min-h-[34px] flex-wrap items-baseline gap-x-4 px-3 py-2">
                <span className="w-40 shrink-0">
                  <StateMark {...tones[state]} word={name} />
                </span>
                <span className="tabular min-w-0 grow basis-64 text-pretty">
                  {says}
                  {fix !== null && <span className={`block ${state === 'bad' ? 'text-bad' : 'text-warn'}`}>{fix}</span>}
                </span>
              </li>
            ))}
          </ul>
        </Panel>
      </Section>
      <Section
        title="Processes"
        about={
          memory > 0 ? (
            <>
              <span className="tabular">{mebibytes(memory)}</span> together. Processes that exit are restarted.
            </>
          ) : (
            'Processes that exit are restarted.'
          )
        }
      >
        <Panel>
          <ul className="divide-y divide-border">
            {processes.map(({ name, pid, memoryBytes }) => (
              <li key={name} className="tabular flex h-[34px] items-center gap-4 px-3">
                <span className="w-40">
                  <StateMark tone={pid === null ? 'bad' : 'ok'} shape={pid === null ? 'cross' : 'full'} word={name} />
                </span>
                <span className="grow font-mono text-small text-muted">
                  {pid === null ? 'not running' : `pid ${pid}`}
                </span>
                <span className="text-muted">{memoryBytes === null ? '–' : mebibytes(memoryBytes)}</span>
              </li>
            ))}
          </ul>
        </Panel>
      </Section>
      <Section
        title="Monitoring"
        about="Health checks for load balancers, and metrics for Prometheus (needs an operator’s token)."
      >
        <Panel>
          <Properties>
            <Address name="Console’s health" value={`${about.url}/health`} />
            <Address name="Gateway’s health" value={`${about.gateway.url}/health`} />
            <Address name="Full status" value="m3o doctor" />
            <Address name="Metrics of web" value={`${about.url}/metrics`} />
            <Address name="Metrics of runtime" value={`${about.url}/metrics/runtime`} />
            <Address name="Metrics of gateway" value={`${about.url}/metrics/gateway`} />
            <Address name="Its token" value="m3o token create prometheus --scope platform.read" />
          </Properties>
        </Panel>
      </Section>
    </PageBody>
  )
}

const mebibytes = (bytes: number) => `${Math.round(bytes / 1024 / 1024)} MiB`
