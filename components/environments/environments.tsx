'use client'
import { Layers, Plus } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useRouter } from 'next/navigation'
import { useMemo, useState } from 'react'
import { doesExpire } from '#contract/environment-life.ts'
import type { Environment } from '#contract/records.ts'
import { paths } from '#client/paths.ts'
import { type ScreenAction, useActions } from '#components/frame/actions.ts'
import { useEnvironments } from '#components/frame/environment.ts'
import { useMay } from '#components/frame/may.ts'
import { usePlace } from '#components/frame/place.ts'
import { Button } from '#components/ui/button.tsx'
import { PageHeader } from '#components/ui/page.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { Table } from '#components/ui/table.tsx'
import { DepartedList } from './departed-list.tsx'
import { environmentColumns, whyKept } from './environment-columns.tsx'
import { type Branch, treeOf } from './environment-tree.ts'
import { useKeep } from './life.ts'
import { usePins } from './use-pins.ts'

const Requests = dynamic(() => import('#components/promotions/requests.tsx').then((module) => module.Requests), {
  ssr: false,
})
const NewEnvironment = dynamic(() => import('./new-environment.tsx').then((module) => module.NewEnvironment), {
  ssr: false,
})
const ProtectEnvironment = dynamic(
  () => import('./protect-environment.tsx').then((module) => module.ProtectEnvironment),
  { ssr: false },
)
const LetIn = dynamic(() => import('./let-in.tsx').then((module) => module.LetIn), { ssr: false })
const MoveEnvironment = dynamic(() => import('./move-environment.tsx').then((module) => module.MoveEnvironment), {
  ssr: false,
})
const OwnCopies = dynamic(() => import('./own-copies.tsx').then((module) => module.OwnCopies), { ssr: false })
const DeleteEnvironment = dynamic(() => import('./delete-environment.tsx').then((module) => module.DeleteEnvironment), {
  ssr: false,
})

type About = 'delete' | 'move' | 'copies' | 'protect' | 'people'

/** What a row's menu can do, for the environment that one is in. */
function deedsOn(
  { environment, children }: Branch,
  {
    may,
    keep,
    about,
  }: {
    may: ReturnType<typeof useMay>
    keep: (name: string) => void
    about: (what: About) => void
  },
): ScreenAction[] {
  const { name, kind, overrides } = environment
  const mayChange = may('environment.write', name)
  return [
    {
      id: 'environment.copies',
      title: `Overrides of ${name}, reset`,
      words: 'overrides inherit',
      reason: overrides.length === 0 ? 'No overrides' : null,
      run: () => about('copies'),
    },
    {
      id: 'environment.move',
      title: `Move ${name} to another parent`,
      words: 'tree from',
      reason: mayChange,
      run: () => about('move'),
    },
    ...(doesExpire(kind)
      ? [
          {
            id: 'environment.keep',
            title: `Keep ${name} for another 72 hours`,
            words: 'expire',
            reason: mayChange,
            run: () => keep(name),
          },
        ]
      : []),
    ...(kind === 'personal'
      ? [
          {
            id: 'environment.people',
            title: `Give people access to ${name}`,
            words: 'share personal invite',
            reason: may('environment.admit', name),
            run: () => about('people'),
          },
        ]
      : []),
    {
      id: 'environment.delete',
      title: `Delete ${name}`,
      reason: may('environment.delete', name) ?? whyKept(environment, children),
      run: () => about('delete'),
    },
  ]
}

/** Who is working on what: the tree, and what each overrides. */
export function Environments() {
  const place = usePlace()
  const router = useRouter()
  const may = useMay()
  const environments = useEnvironments()
  const [from, setFrom] = useState<Environment | null>(null)
  const [about, setAbout] = useState<{ what: About; id: string } | null>(null)
  const { keep } = useKeep()
  const pins = usePins(place.team)
  const production = environments.find(({ parent }) => parent === null)
  const branches = useMemo(() => treeOf(environments), [environments])
  const mayCreate = may('environment.create')
  const columns = useMemo(
    () =>
      environmentColumns({
        ...place,
        mayCreate,
        may,
        use: (environment) => router.push(paths.catalogue({ team: place.team, environment: environment.name })),
        create: setFrom,
        compare: (environment) => router.push(paths.compare({ team: place.team, environment: environment.name })),
        keep: ({ name }) => keep(name),
        open: (what, { id }) => setAbout({ what, id }),
        ...pins,
        // `keep` does the same however often it is made.
      }),
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- `keep` does the same on each render
    [place.team, place.environment, mayCreate, may, router, pins],
  )
  const named = environments.find(({ id }) => id === about?.id)
  const dismiss = () => setAbout(null)

  const open = () => setFrom(environments.find(({ name }) => name === place.environment) ?? production ?? null)
  const here = branches.find(({ environment }) => environment.name === place.environment)
  useActions([
    {
      id: 'environment.new',
      title: 'New environment',
      keys: 'n',
      words: 'create branch overlay',
      reason: mayCreate,
      run: open,
    },
    ...(here === undefined || here.environment.parent === null
      ? []
      : deedsOn(here, { may, keep, about: (what) => setAbout({ what, id: here.environment.id }) })),
  ])
  return (
    <>
      <PageHeader
        title="Environments"
        about={`${environments.length}`}
        actions={
          <Button kind="primary" keys="n" reason={mayCreate} onClick={open}>
            <Plus />
            New environment
          </Button>
        }
      />
      <Requests />
      <Table
        label="Environments"
        columns={columns}
        rows={branches}
        rowKey={({ environment }) => environment.id}
        rowHeight={46}
        empty={
          <EmptyState icon={<Layers />} title="No environments">
            Each team has production. Reload the page to see it.
          </EmptyState>
        }
      />
      {branches.length === 1 && (
        <p className="px-4 py-4 text-pretty text-muted sm:px-6">
          A personal environment starts in a moment and runs nothing until you deploy to it. It inherits everything else
          from its parent.
        </p>
      )}
      {from !== null && <NewEnvironment parent={from.name} onDismiss={() => setFrom(null)} />}
      <DepartedList mayRestore={mayCreate} />
      {named !== undefined && about?.what === 'protect' && (
        <ProtectEnvironment environment={named} onDismiss={dismiss} />
      )}
      {named !== undefined && about?.what === 'people' && <LetIn environment={named} onDismiss={dismiss} />}
      {named !== undefined && about?.what === 'move' && <MoveEnvironment environment={named} onDismiss={dismiss} />}
      {named !== undefined && about?.what === 'copies' && (
        <OwnCopies environment={named} mayReset={may('environment.write', named.name)} onDismiss={dismiss} />
      )}
      {named !== undefined && about?.what === 'delete' && <DeleteEnvironment environment={named} onDismiss={dismiss} />}
    </>
  )
}
