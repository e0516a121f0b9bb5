'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import { type Action, actions, mayDo } from '#contract/permissions.ts'
import { useTRPC } from '#client/trpc.ts'
import { usePlace } from './place.ts'

/** Who is signed in, and their standing on the team that the address names. */
export function useViewer() {
  const trpc = useTRPC()
  const { team } = usePlace()
  const { data: me } = useSuspenseQuery(trpc.person.me.queryOptions())
  return { ...me, role: me.teams.find((each) => each.name === team)?.role }
}

/** Tells why an action is not allowed, in the words of a disabled button; null when it is. The server decides by the same table. */
export function useMay(): (action: Action) => string | null {
  const { operator, role } = useViewer()
  return (action) => {
    if (mayDo(action, { signedIn: true, operator, role })) return null
    const least = actions[action]
    return least === 'operator' ? 'Only an operator of the platform may do this' : `This needs the role ${least}; you are ${role ?? 'not a member'}`
  }
}
