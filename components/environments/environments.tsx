'use client'
import { Layers, Plus } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useRouter } from 'next/navigation'
import { useMemo, useState } from 'react'
import type { Environment } from '#contract/records.ts'
import { paths } from '#client/paths.ts'
import { useActions } from '#components/frame/actions.ts'
import { useEnvironments } from '#components/frame/environment.ts'
import { useMay } from '#components/frame/may.ts'
import { usePlace } from '#components/frame/place.ts'
import { Button } from '#components/ui/button.tsx'
import { PageHeader } from '#components/ui/page.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { Table } from '#components/ui/table.tsx'
import { environmentColumns } from './environment-columns.tsx'
import { treeOf } from './environment-tree.ts'
import { usePins } from './use-pins.ts'

const NewEnvironment = dynamic(() => import('./new-environment.tsx').then((module) => module.NewEnvironment), { ssr: false })
const ProtectEnvironment = dynamic(() => import('./protect-environment.tsx').then((module) => module.ProtectEnvironment), { ssr: false })
const DeleteEnvironment = dynamic(() => import('./delete-environment.tsx').then((module) => module.DeleteEnvironment), { ssr: false })

/** Who is working on what: the tree, and what each overrides. */
export function Environments() {
  const place = usePlace()
  const router = useRouter()
  const may = useMay()
  const environments = useEnvironments()
  const [from, setFrom] = useState<Environment | null>(null)
  const [deleting, setDeleting] = useState<Environment | null>(null)
  const [protecting, setProtecting] = useState<Environment | null>(null)
  const pins = usePins(place.team)
  const production = environments.find(({ parent }) => parent === null)
  const branches = useMemo(() => treeOf(environments), [environments])
  const mayCreate = may('environment.create')
  const columns = useMemo(() => environmentColumns({
    ...place, mayCreate, may,
    use: (environment) => router.push(paths.catalogue({ team: place.team, environment: environment.name })),
    create: setFrom,
    remove: setDeleting,
    protect: setProtecting,
    ...pins,
  }), [place.team, place.environment, mayCreate, may, router, pins])

  const open = () => setFrom(environments.find(({ name }) => name === place.environment) ?? production ?? null)
  useActions([{ id: 'environment.new', title: 'New environment', keys: 'n', words: 'create branch overlay', reason: mayCreate, run: open }])
  return (
    <>
      <PageHeader
        title="Environments"
        about={`${environments.length}`}
        actions={<Button kind="primary" keys="n" reason={mayCreate} onClick={open}><Plus />New environment</Button>}
      />
      <Table
        label="Environments"
        columns={columns}
        rows={branches}
        rowKey={({ environment }) => environment.id}
        empty={<EmptyState icon={<Layers />} title="No environments">A team begins with production; reload the page to see it.</EmptyState>}
      />
      {branches.length === 1 && (
        <p className="px-4 py-4 text-pretty text-muted sm:px-6">
          An environment of your own starts in a moment and runs nothing until you deploy into it: everything else is served by its parent.
        </p>
      )}
      {from !== null && <NewEnvironment parent={from.name} onDismiss={() => setFrom(null)} />}
      {protecting !== null && <ProtectEnvironment environment={protecting} onDismiss={() => setProtecting(null)} />}
      {deleting !== null && <DeleteEnvironment environment={deleting} onDismiss={() => setDeleting(null)} />}
    </>
  )
}
