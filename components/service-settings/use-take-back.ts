'use client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { toastDone, toastError } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import { useService } from '#components/frame/service.ts'

/** What is done to a variable without a dialog. */
export function useTakeBack(): {
  reset: (name: string, parent: string) => void
  mark: (name: string, inheritable: boolean) => void
} {
  const at = useService()
  const trpc = useTRPC()
  const queries = useQueryClient()
  const fresh = () => {
    void queries.invalidateQueries(trpc.variables.pathFilter())
    void queries.invalidateQueries(trpc.services.pathFilter())
  }
  const reset = useMutation(trpc.variables.reset.mutationOptions({ onError: toastError }))
  const mark = useMutation(trpc.variables.mark.mutationOptions({ onError: toastError }))
  return {
    reset: (name, parent) =>
      reset.mutate(
        { ...at, name },
        {
          onSuccess: () => {
            fresh()
            toastDone(`${name} has the value of ${parent} again`)
          },
        },
      ),
    mark: (name, inheritable) =>
      mark.mutate(
        { ...at, name, inheritable },
        {
          onSuccess: () => {
            fresh()
            toastDone(inheritable ? `Marked ${name} as inheritable` : `Marked ${name} as not inheritable`)
          },
        },
      ),
  }
}
