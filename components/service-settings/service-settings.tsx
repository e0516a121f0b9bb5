'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import dynamic from 'next/dynamic'
import { useState } from 'react'
import { consolePath } from '#contract/console-paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { useActions } from '#components/frame/actions.ts'
import { useEnvironments } from '#components/frame/environment.ts'
import { useMay } from '#components/frame/may.ts'
import { useService } from '#components/frame/service.ts'
import { Button } from '#components/ui/button.tsx'
import { CopyButton } from '#components/ui/copy-button.tsx'
import { PageBody, Panel, Properties, Property, Section } from '#components/ui/page.tsx'
import { limitMeanings } from './limit-meanings.ts'
import { PendingBar } from './pending-bar.tsx'
import { Setting } from './setting.tsx'
import { Variables } from './variables.tsx'
import { audienceMeanings, readableWords, spokenAudience } from './who-may-call.ts'

const DeleteService = dynamic(() => import('./delete-service.tsx').then((module) => module.DeleteService), {
  ssr: false,
})
const DescribeService = dynamic(() => import('./describe-service.tsx').then((module) => module.DescribeService), {
  ssr: false,
})
const Limits = dynamic(() => import('./limits.tsx').then((module) => module.Limits), { ssr: false })
const RenameService = dynamic(() => import('./rename-service.tsx').then((module) => module.RenameService), {
  ssr: false,
})
const DeprecateService = dynamic(() => import('./deprecate-service.tsx').then((module) => module.DeprecateService), {
  ssr: false,
})
const TransferService = dynamic(() => import('./transfer-service.tsx').then((module) => module.TransferService), {
  ssr: false,
})
const ShareService = dynamic(() => import('./share-service.tsx').then((module) => module.ShareService), { ssr: false })

const mebibytes = (count: number) => (count >= 1024 ? `${count / 1024} GiB` : `${count} MiB`)

/** A service's settings in this environment, and those of the service as a whole. */
export function ServiceSettings() {
  const at = useService()
  const trpc = useTRPC()
  const may = useMay()
  const environments = useEnvironments()
  const { data: service } = useSuspenseQuery(trpc.services.get.queryOptions(at))
  const { data: about } = useSuspenseQuery(trpc.platform.about.queryOptions())
  const [open, setOpen] = useState<
    'limits' | 'share' | 'deprecate' | 'describe' | 'rename' | 'transfer' | 'delete' | null
  >(null)
  const dismiss = () => setOpen(null)
  const { settings, locked, audience, owner, deprecation } = service
  const lock = (key: string) => (locked.includes(key) ? key : undefined)
  const write = may('service.write', null)
  const limits = may('service.write')
  // What changes a service everywhere is asked in each protected environment in which it was deployed.
  const guarding = environments.filter(
    ({ protection, overrides }) => protection !== null && overrides.some(({ serviceId }) => serviceId === service.id),
  )
  const everywhere = (action: 'service.rename' | 'service.share' | 'service.delete') =>
    may(action, null) ?? guarding.map(({ name }) => may(action, name)).find((reason) => reason !== null) ?? null
  const [rename, share, mayDelete] = [
    everywhere('service.rename'),
    everywhere('service.share'),
    everywhere('service.delete'),
  ]
  const gateway = `${about.gateway.url.replace(/\/$/, '')}/v1`
  useActions([
    {
      id: 'service.share',
      group: service.name,
      title: 'Share: set its audience',
      words: 'audience public private team platform anyone',
      reason: share,
      run: () => setOpen('share'),
    },
    {
      id: 'service.describe',
      group: service.name,
      title: 'Description, owner and tags',
      words: 'on call contact',
      reason: write,
      run: () => setOpen('describe'),
    },
    {
      id: 'service.deprecate',
      group: service.name,
      title: 'Deprecate',
      words: 'sunset replace retire',
      reason: share,
      run: () => setOpen('deprecate'),
    },
    {
      id: 'service.transfer',
      group: service.name,
      title: 'Transfer to another team',
      words: 'move ownership',
      reason: mayDelete,
      run: () => setOpen('transfer'),
    },
    {
      id: 'service.limits',
      group: service.name,
      title: 'Instances and limits',
      words: 'memory cpu scale sleep health',
      reason: limits,
      run: () => setOpen('limits'),
    },
    {
      id: 'service.rename',
      group: service.name,
      title: 'Rename the service',
      reason: rename,
      run: () => setOpen('rename'),
    },
  ])
  return (
    <PageBody>
      <PendingBar at={at} service={service} />
      <Variables service={service} />
      <Section
        title="Instances and limits"
        about={`In ${at.environment}, and in environments based on it that do not override them.`}
        actions={
          <Button aria-label="Change instances and limits" reason={limits} onClick={() => setOpen('limits')}>
            Change
          </Button>
        }
      >
        <Panel>
          <Properties>
            <Setting name="Instances" lockedBy={lock('instances')} means={limitMeanings.instances}>
              <span className="tabular">
                {settings.min === settings.max ? settings.min : `${settings.min} to ${settings.max}`}
              </span>
            </Setting>
            <Setting name="Sleeps" lockedBy={lock('idle')} means={limitMeanings.idle}>
              {settings.idleMs === null ? 'never' : `after ${Math.round(settings.idleMs / 60_000)} min without a call`}
            </Setting>
            <Setting name="Memory" lockedBy={lock('memory')} means={limitMeanings.memory}>
              <span className="tabular">{mebibytes(settings.memoryMiB)}</span>
            </Setting>
            <Setting name="Processors" lockedBy={lock('cpu')} means={limitMeanings.cpu}>
              <span className="tabular">{settings.cpu}</span>
            </Setting>
            <Setting name="Health check" lockedBy={lock('health')} means={limitMeanings.health}>
              <code className="text-small">{settings.health}</code>
            </Setting>
          </Properties>
        </Panel>
      </Section>
      <Section
        title="Sharing"
        about="The same in every environment."
        actions={
          <Button aria-label="Share: change its audience" reason={share} onClick={() => setOpen('share')}>
            Share
          </Button>
        }
      >
        <Panel>
          <Properties>
            <Setting name="Audience" lockedBy={lock('audience')} means={audienceMeanings[audience.kind].about}>
              {spokenAudience(audience)}
            </Setting>
            {(audience.kind === 'teams' || audience.kind === 'platform') && (
              <Setting
                name="Approval"
                means={
                  service.approval
                    ? 'Other teams must request approval. Decide in Consumers.'
                    : 'Other teams in the audience may call it without approval.'
                }
              >
                {service.approval ? 'needed' : 'not needed'}
              </Setting>
            )}
            {audience.kind !== 'team' && (
              <Setting name="Each other team" means="Set a limit for one team in Consumers.">
                <span className="tabular">
                  {service.perMinute === null
                    ? 'no limit'
                    : `at most ${service.perMinute.toLocaleString('en-GB')} calls a minute`}
                </span>
              </Setting>
            )}
            <Setting
              name="Source"
              means={
                service.readable === 'team'
                  ? 'Only its team can read it.'
                  : 'Others can read and fork the production revision.'
              }
            >
              {readableWords[service.readable].toLowerCase()}
            </Setting>
            <Setting
              name="Deprecated"
              means={deprecation === null ? undefined : deprecation.message}
              change={{
                words: deprecation === null ? 'Deprecate' : 'Change',
                label: 'Deprecate the service',
                reason: share,
                run: () => setOpen('deprecate'),
              }}
            >
              {deprecation === null
                ? 'no'
                : `yes${deprecation.sunset === null ? '' : `, until ${new Date(deprecation.sunset).toISOString().slice(0, 10)}`}${deprecation.replacement === null ? '' : `; ${deprecation.replacement} instead`}`}
            </Setting>
          </Properties>
        </Panel>
      </Section>
      <Section title="Addresses" about={`Its addresses in ${at.environment}, and its repository.`}>
        <Panel>
          <Properties>
            <Address name="Its own" value={service.url} />
            <Address
              name="Through the gateway"
              value={`${gateway}/${service.name}/`}
              {...(at.environment !== 'production' && {
                means: `With the header M3O-Environment: ${at.environment}, or a token of it.`,
              })}
            />
            {audience.kind !== 'team' && (
              <Address name="From other teams" value={`${gateway}/@${service.team}/${service.name}/`} />
            )}
            <Address
              name="Clone"
              value={`git clone ${about.url}${consolePath.git({ team: service.team, service: service.name })}`}
              means="Any user name, and a token as the password."
            />
          </Properties>
        </Panel>
      </Section>
      <Section title="The service" about="The same in every environment.">
        <Panel>
          <Properties>
            <Setting
              name="Name"
              change={{ words: 'Rename', label: 'Rename the service', reason: rename, run: () => setOpen('rename') }}
            >
              {service.name}
            </Setting>
            <Setting
              name="Description"
              change={{ words: 'Edit', label: 'Edit the description', reason: write, run: () => setOpen('describe') }}
            >
              {service.description === '' ? (
                <span className="text-muted">none: the first paragraph of the README is shown</span>
              ) : (
                service.description
              )}
            </Setting>
            <Setting
              name="Owner"
              lockedBy={lock('owner')}
              change={{ words: 'Change', label: 'Change the owner', reason: write, run: () => setOpen('describe') }}
            >
              {owner === null ? (
                <span className="text-muted">nobody</span>
              ) : (
                <>
                  {owner.name} {owner.email !== owner.name && <span className="text-muted">{owner.email}</span>}
                </>
              )}
            </Setting>
            <Setting
              name="On call"
              change={{
                words: 'Change',
                label: 'Change who is on call',
                reason: write,
                run: () => setOpen('describe'),
              }}
            >
              {service.contact === '' ? <span className="text-muted">not set</span> : service.contact}
            </Setting>
            <Setting
              name="Tags"
              change={{ words: 'Change', label: 'Change the tags', reason: write, run: () => setOpen('describe') }}
            >
              {service.tags.length === 0 ? <span className="text-muted">none</span> : service.tags.join(', ')}
            </Setting>
          </Properties>
        </Panel>
      </Section>
      <Section
        title="Transfer the service"
        about="Move it to another team with all its data. Its old names redirect, and calls still work."
        actions={
          <Button reason={mayDelete} onClick={() => setOpen('transfer')}>
            Transfer {service.name}
          </Button>
        }
      >
        {null}
      </Section>
      <Section
        title="Delete the service"
        about="Delete it in every environment, with its source, history and logs."
        actions={
          <Button kind="bad" reason={mayDelete} onClick={() => setOpen('delete')}>
            Delete {service.name}
          </Button>
        }
      >
        {null}
      </Section>
      {open === 'limits' && <Limits service={service} onDismiss={dismiss} />}
      {open === 'share' && <ShareService service={service} onDismiss={dismiss} />}
      {open === 'deprecate' && <DeprecateService deprecation={deprecation} onDismiss={dismiss} />}
      {open === 'transfer' && <TransferService id={service.id} onDismiss={dismiss} />}
      {open === 'describe' && <DescribeService service={service} onDismiss={dismiss} />}
      {open === 'rename' && <RenameService onDismiss={dismiss} />}
      {open === 'delete' && <DeleteService id={service.id} onDismiss={dismiss} />}
    </PageBody>
  )
}

function Address({ name, value, means }: { name: string; value: string; means?: string }) {
  return (
    <Property name={name}>
      <span className="flex items-center justify-between gap-2">
        <code className="min-w-0 text-small break-all">{value}</code>
        <CopyButton text={value} label={`Copy: ${name}`} />
      </span>
      {means !== undefined && <span className="block text-small text-muted">{means}</span>}
    </Property>
  )
}
