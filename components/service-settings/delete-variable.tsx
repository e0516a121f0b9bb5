'use client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { Variable } from '#contract/records.ts'
import { toastDone, toastError } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import { useService } from '#components/frame/service.ts'
import { Confirm } from '#components/ui/confirm.tsx'

/** A variable can be set again; a secret's value is nowhere else. */
export function DeleteVariable({
  variable: { name, value, secret, from },
  onDismiss,
}: {
  variable: Variable
  onDismiss: () => void
}) {
  const at = useService()
  const trpc = useTRPC()
  const queries = useQueryClient()
  const fresh = () => {
    void queries.invalidateQueries(trpc.variables.pathFilter())
    void queries.invalidateQueries(trpc.services.pathFilter())
  }
  const isInherited = from !== at.environment
  const again = useMutation(trpc.variables.set.mutationOptions({ onSuccess: fresh, onError: toastError }))
  const remove = useMutation(
    trpc.variables.delete.mutationOptions({
      onSuccess: () => {
        fresh()
        onDismiss()
        toastDone(
          `Deleted ${name}`,
          secret || isInherited || value === null
            ? {}
            : { undo: { label: 'Undo', run: () => again.mutate({ ...at, name, value, secret: false }) } },
        )
      },
    }),
  )
  return (
    <Confirm
      title={isInherited ? `Exclude ${name} from ${at.environment}?` : `Delete ${name}?`}
      action={isInherited ? 'Exclude it' : `Delete ${name}`}
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate({ ...at, name })}
      onDismiss={onDismiss}
    >
      <p>
        {isInherited
          ? `${from} keeps it. New instances in ${at.environment} do not get it.`
          : `New instances in ${at.environment} do not get it${secret ? ', and its value cannot be restored' : ''}.`}{' '}
        Running instances keep it until the next deployment or restart.
      </p>
    </Confirm>
  )
}
