'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import { useCallback } from 'react'
import { type Action, actions, mayDo } from '#contract/permissions.ts'
import { guardAgainst, guardedOf, guards, spokenRefusal } from '#contract/protection.ts'
import type { Environment } from '#contract/records.ts'
import { useTRPC } from '#client/trpc.ts'
import { useEnvironments } from './environment.ts'
import { usePlace } from './place.ts'

/** Who is signed in, and their standing on the team that the address names. */
export function useViewer() {
  const trpc = useTRPC()
  const { team } = usePlace()
  const { data: me } = useSuspenseQuery(trpc.person.me.queryOptions())
  return { ...me, role: me.teams.find((each) => each.name === team)?.role }
}

/** An environment that is not among those that are there. */
type Where = Pick<Environment, 'name' | 'kind' | 'owner' | 'letIn' | 'protection'>

/**
 * Tells why an action is not allowed, in the words of a disabled button; null when it is. The server decides by the same
 * tables. `environment`: where, when it is not the one that the address names; null for what is the same in all of them.
 */
export function useMay(): (action: Action, environment?: string | Where | null) => string | null {
  const { operator, role, person } = useViewer()
  const { environment: here } = usePlace()
  const environments = useEnvironments()
  return useCallback(
    (action, environment = here) => {
      if (!mayDo(action, { signedIn: true, operator, role })) {
        const least = actions[action]
        return least === 'operator'
          ? 'Only a platform operator may do this'
          : `This needs the role ${least}; you are ${role ?? 'not a member'}`
      }
      const found =
        typeof environment === 'string' ? environments.find(({ name }) => name === environment) : environment
      if (found == null) return null
      const guarded = guardedOf(found)
      const guard = guardAgainst(guarded, action, { personId: person.id, role })
      const admitted = guard && guarded?.[guard]
      if (guard === undefined || admitted === undefined) return null
      const known = [found.owner, ...found.letIn, ...guards.flatMap((each) => found.protection?.[each].people ?? [])]
      const named = admitted.people.flatMap((id) => known.find((one) => one?.id === id)?.name ?? [])
      return spokenRefusal(found.name, guard, {
        least: admitted.role,
        role,
        named,
        isPersonal: guarded?.own !== undefined,
      })
    },
    [operator, role, person.id, here, environments],
  )
}
