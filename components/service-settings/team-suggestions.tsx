'use client'
import { useQuery } from '@tanstack/react-query'
import { useTRPC } from '#client/trpc.ts'
import { useViewer } from '#components/frame/may.ts'
import { useService } from '#components/frame/service.ts'

const most = 8

/** Completes a team name while it is typed: the person's own teams, those that share something with this one, and those that call this service. */
export function TeamSuggestions({ typed, onChoose }: { typed: string; onChoose: (teams: string) => void }) {
  const at = useService()
  const trpc = useTRPC()
  const { teams } = useViewer()
  const services =
    useQuery(trpc.services.catalogue.queryOptions({ team: at.team, environment: at.environment })).data ?? []
  const parts = typed.split(/[\s,]+/).map((part) => part.replace(/^@/, ''))
  const last = parts.at(-1) ?? ''
  const named = parts.slice(0, -1).filter((part) => part !== '')
  const known = [...new Set([...teams.map(({ name }) => name), ...services.map(({ team }) => team)])].sort()
  const found = known
    .filter((name) => name !== at.team && name !== last && !named.includes(name) && name.startsWith(last))
    .slice(0, most)
  if (found.length === 0) return null
  return (
    <span role="group" aria-label="Matching teams" className="mt-1.5 flex flex-wrap gap-1.5">
      {found.map((name) => (
        <button
          key={name}
          type="button"
          onClick={() => onChoose(`${[...named, name].join(', ')}, `)}
          className="h-6 rounded border border-border bg-sunken px-2 font-mono text-small hover:border-border-strong"
        >
          {name}
        </button>
      ))}
    </span>
  )
}
