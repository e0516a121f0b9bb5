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
        toastDone('Rotated the encryption key', {
          description: `${sealed} values were encrypted again. The old key is removed in a minute.`,
        })
      },
    }),
  )
  return (
    <Confirm
      title="Rotate the encryption key?"
      action="Rotate the key"
      busy={rotate.isPending}
      error={rotate.error}
      onConfirm={() => rotate.mutate()}
      onDismiss={onDismiss}
    >
      <p>
        All secrets of all teams are encrypted with a new key, without downtime. Earlier backups contain the old key and
        stay readable.
      </p>
    </Confirm>
  )
}
