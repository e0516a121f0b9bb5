'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import { ClipboardPaste, Plus, Trash2, Variable as VariableIcon } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useState } from 'react'
import type { Service, Variable } from '#contract/records.ts'
import { useTRPC } from '#client/trpc.ts'
import { EnvironmentName } from '#components/environments/environment-mark.tsx'
import { useActions } from '#components/frame/actions.ts'
import { useEnvironments } from '#components/frame/environment.ts'
import { useMay } from '#components/frame/may.ts'
import { useService } from '#components/frame/service.ts'
import { Badge } from '#components/ui/badge.tsx'
import { Button, IconButton } from '#components/ui/button.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { Panel, Section } from '#components/ui/page.tsx'
import { Time } from '#components/ui/time.tsx'

const SetVariable = dynamic(() => import('./set-variable.tsx').then((module) => module.SetVariable), { ssr: false })
const PasteEnv = dynamic(() => import('./paste-env.tsx').then((module) => module.PasteEnv), { ssr: false })
const DeleteVariable = dynamic(() => import('./delete-variable.tsx').then((module) => module.DeleteVariable), { ssr: false })

type Open = { what: 'set'; variable: Variable | null } | { what: 'remove'; variable: Variable } | { what: 'paste' }

/** Variables and secrets here, with where each comes from. */
export function Variables({ service }: { service: Service }) {
  const at = useService()
  const trpc = useTRPC()
  const refused = useMay()('variable.write')
  const { data: variables } = useSuspenseQuery(trpc.variables.list.queryOptions(at))
  const [open, setOpen] = useState<Open | null>(null)
  const dismiss = () => setOpen(null)
  const add = () => setOpen({ what: 'set', variable: null })
  const paste = () => setOpen({ what: 'paste' })
  const elsewhere = service.from !== null && service.from !== at.environment ? service.from : null
  useActions([
    { id: 'variables.add', group: service.name, title: 'Add a variable', words: 'secret environment', reason: refused, run: add },
    { id: 'variables.paste', group: service.name, title: 'Paste a .env file', words: 'variables secrets import', reason: refused, run: paste },
  ])
  const buttons = (
    <div className="flex flex-wrap gap-2">
      <Button reason={refused} onClick={paste}><ClipboardPaste />Paste .env</Button>
      <Button reason={refused} onClick={add}><Plus />Add variable</Button>
    </div>
  )
  return (
    <Section
      title="Variables and secrets"
      about={elsewhere === null ? 'Given to instances as environment variables.' : `${at.environment} is served by ${elsewhere}’s copy, with ${elsewhere}’s variables: those set here count once it is deployed into ${at.environment}.`}
      actions={variables.length > 0 && buttons}
    >
      <Panel>
        {variables.length === 0
          ? <EmptyState icon={<VariableIcon />} title="No variables" action={buttons}>Settings that differ from one environment to another, and secrets, belong here rather than in the source.</EmptyState>
          : (
            <ul aria-label="Variables" className="divide-y divide-border">
              {variables.map((variable) => (
                <Row key={variable.name} variable={variable} here={at.environment} refused={refused} set={() => setOpen({ what: 'set', variable })} remove={() => setOpen({ what: 'remove', variable })} />
              ))}
            </ul>
          )}
      </Panel>
      {open?.what === 'paste' && <PasteEnv variables={variables} onDismiss={dismiss} />}
      {open?.what === 'set' && <SetVariable variable={open.variable} onDismiss={dismiss} />}
      {open?.what === 'remove' && <DeleteVariable variable={open.variable} onDismiss={dismiss} />}
    </Section>
  )
}

interface RowProps { variable: Variable; here: string; refused: string | null; set: () => void; remove: () => void }

function Row({ variable: { name, value, secret, from, updatedAt, by }, here, refused, set, remove }: RowProps) {
  const kind = useEnvironments().find((environment) => environment.name === from)?.kind
  return (
    <li className="relative grid min-h-[34px] grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 px-3 py-1 hover:bg-hover md:grid-cols-[220px_minmax(0,1fr)_200px_84px_24px]">
      <button
        type="button" data-focus-inside aria-label={`Set ${name}`} aria-disabled={refused !== null || undefined} title={refused ?? undefined}
        onClick={() => { if (refused === null) set() }}
        className="flex min-h-6 min-w-0 items-center text-left after:absolute after:inset-0"
      >
        <code className="truncate text-small font-medium" title={name}>{name}</code>
      </button>
      <span className="flex min-w-0 items-center gap-2 max-md:col-start-1 max-md:row-start-2">
        {secret ? <><span aria-hidden className="tracking-widest text-muted">••••••••</span><Badge>secret</Badge></>
          : value === '' ? <span className="text-muted">empty</span> : <code className="truncate text-small" title={value?.slice(0, 2_000)}>{value}</code>}
        {from !== here && <span className="shrink-0 text-small text-muted md:hidden">from {from}</span>}
      </span>
      <span className="flex min-w-0 items-center gap-1.5 text-small text-muted max-md:hidden">
        {from === here ? 'set here' : <>inherited from {kind === undefined ? from : <EnvironmentName name={from} kind={kind} />}</>}
      </span>
      <span className="text-right text-small text-muted max-md:hidden" title={`Set by ${by}`}><Time at={updatedAt} /></span>
      <span className="relative z-[1] flex max-md:col-start-2 max-md:row-span-2 max-md:row-start-1">
        <IconButton size="small" label={from === here ? `Delete ${name}` : `Leave ${name} out here`} reason={refused} onClick={remove}><Trash2 /></IconButton>
      </span>
    </li>
  )
}
