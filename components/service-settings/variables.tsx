'use client'
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { Plus, Trash2, Variable as VariableIcon } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useMemo, useState } from 'react'
import type { Variable } from '#contract/records.ts'
import { toastDone, toastError } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import { useMay } from '#components/frame/may.ts'
import { useService } from '#components/frame/service.ts'
import { Button, IconButton } from '#components/ui/button.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { Section } from '#components/ui/page.tsx'
import { type Column, Table } from '#components/ui/table.tsx'
import { Time } from '#components/ui/time.tsx'

const SetVariable = dynamic(() => import('./set-variable.tsx').then((module) => module.SetVariable), { ssr: false })

/** Variables and secrets here, with where each comes from; they take effect with the next deployment. */
export function Variables() {
  const at = useService()
  const trpc = useTRPC()
  const queries = useQueryClient()
  const refused = useMay()('variable.write')
  const { data: variables } = useSuspenseQuery(trpc.variables.list.queryOptions(at))
  const [setting, setSetting] = useState<Variable | 'new' | null>(null)
  const { mutate: remove } = useMutation(trpc.variables.delete.mutationOptions({
    onSuccess: (_, { name }) => {
      toastDone(`${name} is deleted`, { description: 'It is gone for instances that start from now on.' })
      void queries.invalidateQueries(trpc.variables.pathFilter())
    },
    onError: toastError,
  }))
  const columns = useMemo((): Column<Variable>[] => [
    { key: 'name', header: 'Name', width: 'w-56', cell: (variable) => <button type="button" className="cursor-pointer truncate font-mono text-small font-medium hover:underline disabled:cursor-default disabled:no-underline" disabled={refused !== null} onClick={() => setSetting(variable)}>{variable.name}</button> },
    { key: 'value', header: 'Value', cell: ({ value, secret }) => (secret ? <span className="text-muted">secret, never shown</span> : <code className="truncate text-small">{value}</code>) },
    { key: 'from', header: 'From', width: 'w-28', from: 'sm', cell: ({ from }) => <span className={from === at.environment ? '' : 'text-muted'}>{from === at.environment ? 'here' : from}</span> },
    { key: 'set', header: 'Set', width: 'w-28', from: 'md', align: 'end', cell: ({ updatedAt }) => <Time at={updatedAt} className="text-muted" /> },
    { key: 'delete', header: 'Delete', quiet: true, width: 'w-14', align: 'end', cell: ({ name }) => <IconButton size="small" label={`Delete ${name}`} reason={refused} onClick={() => remove({ ...at, name })}><Trash2 /></IconButton> },
  ], [at, refused, remove])
  return (
    <Section
      title="Variables and secrets"
      about="Given to instances as environment variables; a change takes effect with the next deployment or restart."
      actions={<Button reason={refused} onClick={() => setSetting('new')}><Plus />Add variable</Button>}
    >
      <Table label="Variables" columns={columns} rows={variables} rowKey={({ name }) => name} empty={<EmptyState icon={<VariableIcon />} title="No variables">Settings that differ from one environment to another, and secrets, belong here rather than in the source.</EmptyState>} />
      {setting !== null && <SetVariable variable={setting === 'new' ? null : setting} onDismiss={() => setSetting(null)} />}
    </Section>
  )
}
