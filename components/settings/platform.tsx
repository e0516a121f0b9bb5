'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import dynamic from 'next/dynamic'
import { useState } from 'react'
import { useTRPC } from '#client/trpc.ts'
import { Button } from '#components/ui/button.tsx'
import { PageBody, Panel, Properties, Property, Section } from '#components/ui/page.tsx'
import { StateMark } from '#components/ui/state-mark.tsx'
import { Time } from '#components/ui/time.tsx'
import { PlatformPeople } from './platform-people.tsx'

const RotateKey = dynamic(() => import('./rotate-key.tsx').then((module) => module.RotateKey), { ssr: false })

/** For operators: who gets in, what runs here, and how well it keeps services apart. */
export function Platform() {
  const trpc = useTRPC()
  const [rotating, setRotating] = useState(false)
  const { data: status } = useSuspenseQuery(trpc.platform.status.queryOptions())
  const { isolation, gateway, counts } = status
  return (
    <PageBody>
      <PlatformPeople />
      <Section title="Isolation" about="How services are isolated on this machine, and where isolation is weak.">
        <Panel>
          <ul className="divide-y divide-border">
            {isolation.map(({ what, how, weaker }) => (
              <li key={what} className="flex flex-wrap items-baseline gap-x-4 px-3 py-2">
                <span className="w-40 shrink-0">
                  <StateMark
                    tone={weaker === null ? 'ok' : 'warn'}
                    shape={weaker === null ? 'full' : 'triangle'}
                    word={what}
                  />
                </span>
                <span className="min-w-0 grow basis-64 text-pretty">
                  {how}
                  {weaker !== null && <span className="block text-warn">{weaker}</span>}
                </span>
              </li>
            ))}
          </ul>
        </Panel>
      </Section>
      <Section title="Platform">
        <Panel>
          <Properties>
            <Property name="Version">
              <span className="flex flex-wrap items-baseline justify-between gap-x-4">
                <code className="text-small">{status.version}</code>
                <span className="text-muted">
                  to another version, without downtime: <code className="text-small">git pull; bin/m3o upgrade</code>
                </span>
              </span>
            </Property>
            <Property name="Runs since">
              <Time at={status.startedAt} />
            </Property>
            <Property name="Engine">{status.engine}</Property>
            <Property name="Encryption key of secrets">
              <span className="flex items-center justify-between gap-2">
                <span className="text-muted">in a file beside the database</span>
                <Button size="small" onClick={() => setRotating(true)}>
                  Change
                </Button>
              </span>
            </Property>
            <Property name="Gateway">
              <code className="text-small break-all">{gateway.url}</code>
            </Property>
            <Property name="Services’ domain">
              <code className="text-small">
                {gateway.domain}:{gateway.port}
              </code>
            </Property>
            <Property name="Holds">
              <span className="tabular">
                {many(counts.teams, 'team')}, {many(counts.services, 'service')}, {many(counts.instances, 'instance')}
              </span>
            </Property>
          </Properties>
        </Panel>
      </Section>
      {rotating && <RotateKey onDismiss={() => setRotating(false)} />}
    </PageBody>
  )
}

const many = (count: number, noun: string) => `${count} ${count === 1 ? noun : `${noun}s`}`
