'use client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { toastDone, toastError } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import { usePlace } from '#components/frame/place.ts'

/** Its 72 hours begin anew. */
export function useKeep() {
  const { team } = usePlace()
  const trpc = useTRPC()
  const queries = useQueryClient()
  const { mutate, isPending, variables } = useMutation(
    trpc.environments.keep.mutationOptions({
      onSuccess: async ({ name }) => {
        await queries.invalidateQueries(trpc.environments.pathFilter())
        toastDone(`Kept ${name}`, { description: 'It expires after 72 hours without use.' })
      },
      onError: toastError,
    }),
  )
  return {
    keep: (environment: string) => mutate({ team, environment }),
    keeping: isPending ? variables.environment : undefined,
  }
}

/** Brings back one that was deleted, or has expired. */
export function useRestore() {
  const { team } = usePlace()
  const trpc = useTRPC()
  const queries = useQueryClient()
  const { mutate, isPending, variables } = useMutation(
    trpc.environments.restore.mutationOptions({
      onSuccess: async ({ name, overrides }) => {
        await queries.invalidateQueries()
        toastDone(
          `Restored ${name}`,
          overrides.length === 0
            ? {}
            : { description: `With its overrides: ${overrides.map(({ service }) => service).join(', ')}.` },
        )
      },
      onError: toastError,
    }),
  )
  return {
    restore: ({ id, name }: { id: string; name: string }) => mutate({ team, id, name }),
    restoring: isPending ? variables.id : undefined,
  }
}
