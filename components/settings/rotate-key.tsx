'use client'
import { useMutation } from '@tanstack/react-query'
import { toastDone } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import { Confirm } from '#components/ui/confirm.tsx'

export function RotateKey({ onDismiss }: { onDismiss: () => void }) {
  const trpc = useTRPC()
  const rotate = useMutation(
    trpc.platform.rotateKey.mutationOptions({
      onSuccess: ({ sealed }) => {
        onDismiss()
        toastDone('Secrets have another key', {
          description: `${sealed} values were encrypted anew. The key before goes in a minute.`,
        })
      },
    }),
  )
  return (
    <Confirm
      title="Another key for secrets?"
      action="Encrypt them anew"
      busy={rotate.isPending}
      error={rotate.error}
      onConfirm={() => rotate.mutate()}
      onDismiss={onDismiss}
    >
      <p>
        All secrets of all teams are encrypted anew, at once and while everything runs. Backups made until now hold the
        key before, and go on being readable with it.
      </p>
    </Confirm>
  )
}
