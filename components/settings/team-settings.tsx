'use client'
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import dynamic from 'next/dynamic'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { paths } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { useMay, useViewer } from '#components/frame/may.ts'
import { usePlace } from '#components/frame/place.ts'
import { Button } from '#components/ui/button.tsx'
import { PageBody, Panel, Properties, Property, Section } from '#components/ui/page.tsx'
import { ShortId } from '#components/ui/short-id.tsx'
import { Time } from '#components/ui/time.tsx'
import { Address } from './address.tsx'
import { Egress } from './egress.tsx'

const Confirm = dynamic(() => import('#components/ui/confirm.tsx').then((module) => module.Confirm), { ssr: false })
const RenameTeam = dynamic(() => import('./rename-team.tsx').then((module) => module.RenameTeam), { ssr: false })

export function TeamSettings() {
  const { team } = usePlace()
  const trpc = useTRPC()
  const may = useMay()
  const { teams } = useViewer()
  const { data: about } = useSuspenseQuery(trpc.platform.about.queryOptions())
  const [open, setOpen] = useState<'rename' | 'delete' | null>(null)
  const own = teams.find(({ name }) => name === team)
  return (
    <PageBody>
      <Section title="Team">
        <Panel>
          <Properties>
            <Property name="Name">
              <span className="flex items-center justify-between gap-2">
                <span>{team}</span>
                <Button size="small" reason={may('team.write')} onClick={() => setOpen('rename')}>
                  Rename
                </Button>
              </span>
            </Property>
            {own !== undefined && (
              <Property name="Id">
                <ShortId id={own.id} />
              </Property>
            )}
            {own !== undefined && (
              <Property name="Created">
                <Time at={own.createdAt} />
              </Property>
            )}
          </Properties>
        </Panel>
      </Section>
      <Section title="Addresses" about="Addresses of this platform for programs and browsers.">
        <Panel>
          <Properties>
            <Address name="Console and command" value={about.url} />
            <Address name="Gateway" value={about.gateway.url} />
            <Address
              name="A service’s own"
              value={`http://{service}--${team}.${about.gateway.domain}:${about.gateway.port}/`}
            />
          </Properties>
        </Panel>
      </Section>
      <Egress />
      <Section
        title="Delete the team"
        about="Its services stop, and its environments, tokens and member access are deleted."
        actions={
          <Button kind="bad" reason={may('team.delete')} onClick={() => setOpen('delete')}>
            Delete {team}
          </Button>
        }
      >
        {null}
      </Section>
      {open === 'rename' && <RenameTeam onDismiss={() => setOpen(null)} />}
      {open === 'delete' && <DeleteTeam onDismiss={() => setOpen(null)} />}
    </PageBody>
  )
}

function DeleteTeam({ onDismiss }: { onDismiss: () => void }) {
  const { team } = usePlace()
  const { teams } = useViewer()
  const trpc = useTRPC()
  const queries = useQueryClient()
  const router = useRouter()
  const remove = useMutation(
    trpc.teams.delete.mutationOptions({
      onSuccess: () => {
        queries.clear()
        router.push(paths.home())
      },
    }),
  )
  return (
    <Confirm
      title={`Delete ${team}?`}
      action={`Delete ${team}`}
      name={team}
      busy={remove.isPending || remove.isSuccess}
      error={remove.error}
      onConfirm={() => remove.mutate({ team, id: teams.find(({ name }) => name === team)?.id })}
      onDismiss={onDismiss}
    >
      <p>All of its services stop and are deleted, with their source, logs and settings.</p>
    </Confirm>
  )
}
