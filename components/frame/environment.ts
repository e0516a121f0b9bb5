'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import { useTRPC } from '#client/trpc.ts'
import type { Environment } from '#contract/records.ts'
import { usePlace } from './place.ts'

export function useEnvironments(): Environment[] {
  const trpc = useTRPC()
  const { team } = usePlace()
  return useSuspenseQuery(trpc.environments.list.queryOptions({ team })).data
}

/** The environment that the address names; undefined in the moment after it was deleted. */
export function useEnvironment(): Environment | undefined {
  const { environment } = usePlace()
  return useEnvironments().find(({ name }) => name === environment)
}
