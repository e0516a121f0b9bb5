'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import Link from 'next/link'
import { useMemo } from 'react'
import { type OfService, paths } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { OnLaptop } from '#components/catalogue/on-laptop.tsx'
import { ServiceStateMark } from '#components/catalogue/service-state.tsx'
import { EnvironmentName } from '#components/environments/environment-mark.tsx'
import { treeOf } from '#components/environments/environment-tree.ts'
import { useEnvironments } from '#components/frame/environment.ts'
import { ShortId } from '#components/ui/short-id.tsx'
import { copyIn } from './copy-in.ts'

/** In each environment: which revision, how it is, and whose copy it is. */
export function EverywhereTable({ at }: { at: OfService }) {
  const trpc = useTRPC()
  const environments = useEnvironments()
  const { data: copies } = useSuspenseQuery(
    trpc.services.everywhere.queryOptions({ team: at.team, service: at.service }),
  )
  const rows = useMemo(
    () =>
      treeOf(environments).map(({ environment, depth }) => ({
        environment,
        depth,
        copy: copyIn(environment.name, environments, copies),
      })),
    [environments, copies],
  )
  return (
    <ul
      aria-label="State in each environment"
      className="divide-y divide-border overflow-hidden rounded border border-border bg-raised"
    >
      {rows.map(({ environment, depth, copy }) => {
        const here = environment.name === at.environment
        const own = copy?.environment === environment.name
        return (
          <li
            key={environment.id}
            className={`relative grid h-[34px] grid-cols-[minmax(0,1fr)_104px] items-center gap-3 px-3 hover:bg-hover sm:grid-cols-[minmax(0,1fr)_104px_80px_minmax(0,1fr)] ${here ? 'bg-sunken' : ''}`}
          >
            <Link
              href={paths.service({ ...at, environment: environment.name })}
              aria-current={here ? 'true' : undefined}
              prefetch={false}
              style={{ paddingLeft: depth * 16 }}
              className="flex min-w-0 text-text no-underline after:absolute after:inset-0"
            >
              <EnvironmentName name={environment.name} kind={environment.kind} />
            </Link>
            <span className="flex">
              {copy === undefined ? (
                <span className="text-muted">not deployed</span>
              ) : (
                <ServiceStateMark service={copy} />
              )}
            </span>
            <span className="relative z-[1] hidden sm:block">
              {copy?.revision != null && <ShortId id={copy.revision} />}
            </span>
            <span className="truncate text-right text-small text-muted max-sm:hidden">
              {copy === undefined ? (
                ''
              ) : own && copy.laptop !== null ? (
                <OnLaptop laptop={copy.laptop} />
              ) : own ? (
                copy.pinned ? (
                  `pinned to ${environment.parent}`
                ) : environment.parent === null ? (
                  'deployed here'
                ) : (
                  'override'
                )
              ) : (
                `inherited from ${copy.environment}`
              )}
            </span>
          </li>
        )
      })}
    </ul>
  )
}
