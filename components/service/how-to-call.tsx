'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Service } from '#contract/records.ts'
import { useTRPC } from '#client/trpc.ts'
import { CopyButton } from '#components/ui/copy-button.tsx'
import { Section } from '#components/ui/page.tsx'
import { Segments } from '#components/ui/segments.tsx'
import { exampleCall } from './example-call.ts'

const kinds = [
  { value: 'm3o', label: 'm3o' },
  { value: 'curl', label: 'curl' },
  { value: 'sdk', label: 'From a service' },
] as const

/** The first endpoint, called from a shell and from another service. */
export function HowToCall({ service }: { service: Service }) {
  const { data: about } = useSuspenseQuery(useTRPC().platform.about.queryOptions())
  const [kind, setKind] = useState<(typeof kinds)[number]['value']>('m3o')
  const text = exampleCall(kind, service, about.gateway.url.replace(/\/$/, ''))
  return (
    <Section
      title="How to call it"
      actions={<Segments label="From where" value={kind} options={kinds} onChange={setKind} />}
    >
      <div className="relative rounded border border-border bg-sunken">
        <pre
          tabIndex={0}
          aria-label="A call"
          data-focus-inside
          className="min-h-[66px] overflow-x-auto py-2 pr-10 pl-3 text-small"
        >
          {text}
        </pre>
        <div className="absolute top-1 right-1">
          <CopyButton text={text} label="Copy the call" />
        </div>
      </div>
    </Section>
  )
}
