'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import { ClipboardPaste, Plus, ShieldCheck, Variable as VariableIcon } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useState } from 'react'
import type { Service, Variable } from '#contract/records.ts'
import { useTRPC } from '#client/trpc.ts'
import { useActions } from '#components/frame/actions.ts'
import { useMay } from '#components/frame/may.ts'
import { useService } from '#components/frame/service.ts'
import { Button } from '#components/ui/button.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { Panel, Section } from '#components/ui/page.tsx'
import { VariableRow } from './variable-row.tsx'

const SetVariable = dynamic(() => import('./set-variable.tsx').then((module) => module.SetVariable), { ssr: false })
const PasteEnv = dynamic(() => import('./paste-env.tsx').then((module) => module.PasteEnv), { ssr: false })
const DeleteVariable = dynamic(() => import('./delete-variable.tsx').then((module) => module.DeleteVariable), {
  ssr: false,
})

type Open = { what: 'set'; variable: Variable | null } | { what: 'remove'; variable: Variable } | { what: 'paste' }

/** Variables and secrets here, with where each comes from; in an environment that keeps them from somebody, why. */
export function Variables({ service }: { service: Service }) {
  const unseen = useMay()('variable.read')
  if (unseen === null) return <SeenVariables service={service} />
  return (
    <Section title="Variables and secrets" about="Instances get them as environment variables.">
      <Panel>
        <EmptyState icon={<ShieldCheck />} title="Restricted here">{`${unseen}.`}</EmptyState>
      </Panel>
    </Section>
  )
}

function SeenVariables({ service }: { service: Service }) {
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
    {
      id: 'variables.add',
      group: service.name,
      title: 'Add a variable',
      words: 'secret environment',
      reason: refused,
      run: add,
    },
    {
      id: 'variables.paste',
      group: service.name,
      title: 'Paste a .env file',
      words: 'variables secrets import',
      reason: refused,
      run: paste,
    },
  ])
  const buttons = (
    <div className="flex flex-wrap gap-2">
      <Button reason={refused} onClick={paste}>
        <ClipboardPaste />
        Paste .env
      </Button>
      <Button reason={refused} onClick={add}>
        <Plus />
        Add variable
      </Button>
    </div>
  )
  return (
    <Section
      title="Variables and secrets"
      about={
        elsewhere === null
          ? 'Instances get them as environment variables.'
          : `${at.environment} inherits this service from ${elsewhere}, with its variables. Variables set here take effect when you deploy it to ${at.environment}.`
      }
      actions={variables.length > 0 && buttons}
    >
      <Panel>
        {variables.length === 0 ? (
          <EmptyState icon={<VariableIcon />} title="No variables" action={buttons}>
            Store secrets and settings that differ between environments here, not in the source.
          </EmptyState>
        ) : (
          <ul aria-label="Variables" className="divide-y divide-border">
            {variables.map((variable) => (
              <VariableRow
                key={variable.name}
                variable={variable}
                refused={refused}
                set={() => setOpen({ what: 'set', variable })}
                remove={() => setOpen({ what: 'remove', variable })}
              />
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
