'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import { useCallback } from 'react'
import { type Action, actions, mayDo } from '#contract/permissions.ts'
import { guardAgainst, protectionOf, spokenRefusal } from '#contract/protection.ts'
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

/**
 * Tells why an action is not allowed, in the words of a disabled button; null when it is. The server decides by the same
 * tables. `environment`: where, when it is not the one that the address names; null for what is the same in all of them.
 */
export function useMay(): (action: Action, environment?: string | null) => string | null {
  const { operator, role, person } = useViewer()
  const { environment: here } = usePlace()
  const environments = useEnvironments()
  return useCallback((action, environment = here) => {
    if (!mayDo(action, { signedIn: true, operator, role })) {
      const least = actions[action]
      return least === 'operator' ? 'Only an operator of the platform may do this' : `This needs the role ${least}; you are ${role ?? 'not a member'}`
    }
    const protection = environments.find(({ name }) => name === environment)?.protection
    if (environment === null || protection == null) return null
    const guard = guardAgainst(protectionOf(protection), action, { personId: person.id, role })
    if (guard === undefined) return null
    const { role: least, people } = protection[guard]
    return spokenRefusal(environment, guard, { least, role, named: people.map(({ name }) => name) })
  }, [operator, role, person.id, here, environments])
}
