'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import dynamic from 'next/dynamic'
import { useState } from 'react'
import { type Egress as Rule, egressModes } from '#contract/egress-modes.ts'
import { useTRPC } from '#client/trpc.ts'
import { useMay } from '#components/frame/may.ts'
import { usePlace } from '#components/frame/place.ts'
import { Button } from '#components/ui/button.tsx'
import { Panel, Properties, Property, Section } from '#components/ui/page.tsx'

const ChangeEgress = dynamic(() => import('./change-egress.tsx').then((module) => module.ChangeEgress), { ssr: false })

/** Where services and builds of the team may go outside of the platform. */
export function Egress() {
  const { team } = usePlace()
  const trpc = useTRPC()
  const may = useMay()
  const {
    data: { egress, most, unenforced },
  } = useSuspenseQuery(trpc.teams.egress.queryOptions({ team }))
  const [open, setOpen] = useState(false)
  return (
    <Section
      title="Outbound network access"
      about="Addresses that its services and builds can reach. They always reach other services through the gateway, and never private addresses or this machine."
      actions={
        <Button reason={may('team.write')} onClick={() => setOpen(true)}>
          Change
        </Button>
      }
    >
      <Panel>
        <Properties>
          <Property name="Reached">
            <Reached rule={egress} />
          </Property>
          {most.mode !== 'all' && (
            <Property name="At most">
              <Reached rule={most} />
              <span className="block text-muted">set by the operator</span>
            </Property>
          )}
          {unenforced !== null && (
            <Property name="Here">
              <span className="text-warn">It is not enforced on this machine: {unenforced}.</span>
            </Property>
          )}
        </Properties>
      </Panel>
      {open && <ChangeEgress egress={egress} most={most} onDismiss={() => setOpen(false)} />}
    </Section>
  )
}

function Reached({ rule }: { rule: Rule }) {
  if (rule.mode !== 'listed') return egressModes[rule.mode]
  return (
    <ul>
      {rule.hosts.map((host) => (
        <li key={host}>
          <code className="text-small break-all">{host}</code>
        </li>
      ))}
    </ul>
  )
}
