'use client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useMemo } from 'react'
import type { Environment } from '#contract/records.ts'
import { toastDone, toastError } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'

/** Pinning and unpinning are at once, and each takes back the other. */
export function usePins(team: string): {
  pin: (environment: Environment) => void
  unpin: (environment: Environment) => void
} {
  const trpc = useTRPC()
  const queries = useQueryClient()
  const fresh = () => {
    void queries.invalidateQueries(trpc.environments.pathFilter())
    void queries.invalidateQueries(trpc.services.pathFilter())
  }
  const { mutate: pin } = useMutation(
    trpc.environments.pin.mutationOptions({
      onError: toastError,
      onSuccess: ({ services, following }, { environment }) => {
        fresh()
        toastDone(`Pinned ${environment}`, {
          description: [
            `It keeps ${services === 1 ? '1 service' : `${services} services`} at the current ${services === 1 ? 'revision' : 'revisions'}. Nothing was started.`,
            ...following.map(({ service, why }) => `${service} is not pinned: ${why}.`),
          ].join(' '),
        })
      },
    }),
  )
  const { mutate: unpin } = useMutation(
    trpc.environments.unpin.mutationOptions({
      onError: toastError,
      onSuccess: (_, { environment }) => {
        fresh()
        toastDone(`Unpinned ${environment}`)
      },
    }),
  )
  return useMemo(
    () => ({
      pin: ({ name }) => pin({ team, environment: name }),
      unpin: ({ name }) => unpin({ team, environment: name }),
    }),
    [team, pin, unpin],
  )
}
