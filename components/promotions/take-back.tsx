'use client'
import { useMutation } from '@tanstack/react-query'
import type { Promotion } from '#contract/promotions.ts'
import { useTRPC } from '#client/trpc.ts'
import { Confirm } from '#components/ui/confirm.tsx'

export function TakeBack({
  team,
  promotion,
  onDone,
  onDismiss,
}: {
  team: string
  promotion: Promotion
  onDone: (promotionId: string) => void
  onDismiss: () => void
}) {
  const trpc = useTRPC()
  const undo = useMutation(
    trpc.promotions.undo.mutationOptions({
      onSuccess: ({ promotionId }) => {
        onDismiss()
        onDone(promotionId)
      },
    }),
  )
  const { into, from, services } = promotion
  const left = services.filter((each) => each.left)
  return (
    <Confirm
      title={`Undo in ${into}?`}
      action={`Undo in ${into}`}
      busy={undo.isPending}
      error={undo.error}
      onConfirm={() => undo.mutate({ team, promotionId: promotion.id })}
      onDismiss={onDismiss}
    >
      <p>Undo restores the previous revisions together, with the variables they had:</p>
      <ul className="mt-2 max-h-60 divide-y divide-border overflow-y-auto rounded border border-border">
        {services.map((each) => (
          <li key={each.serviceId} className="flex items-center gap-3 px-3 py-1.5">
            <span className="min-w-0 truncate font-medium">{each.service}</span>
            <span className="ml-auto shrink-0 text-small">
              <code className="text-muted">{each.revision}</code> →{' '}
              {each.previousRevision === null ? (
                <span className="text-muted">none</span>
              ) : (
                <code>{each.previousRevision}</code>
              )}
            </span>
          </li>
        ))}
      </ul>
      {left.length > 0 && from !== null && (
        <p className="mt-3 text-muted">
          {from} has {left.length === 1 ? 'its override' : 'its overrides'} again.
        </p>
      )}
    </Confirm>
  )
}
