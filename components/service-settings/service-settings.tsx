'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import dynamic from 'next/dynamic'
import { useState } from 'react'
import { consolePath } from '#contract/console-paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { useMay } from '#components/frame/may.ts'
import { useService } from '#components/frame/service.ts'
import { Button } from '#components/ui/button.tsx'
import { CopyButton } from '#components/ui/copy-button.tsx'
import { PageBody, Panel, Properties, Property, Section } from '#components/ui/page.tsx'
import { Variables } from './variables.tsx'

const DeleteService = dynamic(() => import('./delete-service.tsx').then((module) => module.DeleteService), { ssr: false })
const RenameService = dynamic(() => import('./rename-service.tsx').then((module) => module.RenameService), { ssr: false })
const Limits = dynamic(() => import('./limits.tsx').then((module) => module.Limits), { ssr: false })

const mebibytes = (count: number) => (count >= 1024 ? `${count / 1024} GiB` : `${count} MiB`)

/** A service's settings in this environment, and those of the service as a whole. */
export function ServiceSettings() {
  const at = useService()
  const trpc = useTRPC()
  const may = useMay()
  const { data: service } = useSuspenseQuery(trpc.services.get.queryOptions(at))
  const { data: about } = useSuspenseQuery(trpc.platform.about.queryOptions())
  const [open, setOpen] = useState<'limits' | 'rename' | 'delete' | null>(null)
  const { settings, locked } = service
  const said = (key: string) => (locked.includes(key) ? <span className="ml-2 text-muted">m3o.json says so</span> : null)
  const clone = `${about.url}${consolePath.git(at)}`
  return (
    <PageBody>
      <Variables />
      <Section
        title="Instances and limits"
        about={`In ${at.environment}, and in environments on it that do not say otherwise.`}
        actions={<Button reason={may('service.write')} onClick={() => setOpen('limits')}>Change</Button>}
      >
        <Panel>
          <Properties>
            <Property name="Instances">{settings.min === settings.max ? settings.min : `${settings.min} to ${settings.max}`}{said('instances')}</Property>
            <Property name="Sleeps">{settings.idleMs === null ? 'never' : `after ${Math.round(settings.idleMs / 60_000)} min without a call`}{said('idle')}</Property>
            <Property name="Memory">{mebibytes(settings.memoryMiB)}{said('memory')}</Property>
            <Property name="Processors">{settings.cpu}{said('cpu')}</Property>
            <Property name="Health check"><code className="text-small">{settings.health}</code>{said('health')}</Property>
          </Properties>
        </Panel>
      </Section>
      <Section title="The service" about="The same in every environment.">
        <Panel>
          <Properties>
            <Property name="Name"><span className="flex items-center justify-between gap-2"><span>{service.name}</span><Button size="small" reason={may('service.write')} onClick={() => setOpen('rename')}>Rename</Button></span></Property>
            <Property name="Clone"><span className="flex items-center justify-between gap-2"><code className="min-w-0 text-small break-all">git clone {clone}</code><CopyButton text={`git clone ${clone}`} label="Copy the clone command" /></span></Property>
            <Property name="Sign in to git"><span className="text-muted">any user name, and a token as the password</span></Property>
          </Properties>
        </Panel>
      </Section>
      <Section
        title="Delete the service"
        about="In every environment, with its source, its history and its logs."
        actions={<Button kind="bad" reason={may('service.delete')} onClick={() => setOpen('delete')}>Delete {service.name}</Button>}
      >
        {null}
      </Section>
      {open === 'limits' && <Limits service={service} onDismiss={() => setOpen(null)} />}
      {open === 'rename' && <RenameService onDismiss={() => setOpen(null)} />}
      {open === 'delete' && <DeleteService onDismiss={() => setOpen(null)} />}
    </PageBody>
  )
}
