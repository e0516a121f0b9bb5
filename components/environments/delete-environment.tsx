'use client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRouter } from 'next/navigation'
import type { Environment } from '#contract/records.ts'
import { paths } from '#client/paths.ts'
import { toastDone } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import { usePlace } from '#components/frame/place.ts'
import { Confirm } from '#components/ui/confirm.tsx'
import { useRestore } from './life.ts'

/** Can be undone for a day, so that one press is enough. */
export function DeleteEnvironment({ environment, onDismiss }: { environment: Environment; onDismiss: () => void }) {
  const place = usePlace()
  const trpc = useTRPC()
  const queries = useQueryClient()
  const router = useRouter()
  const { restore } = useRestore()
  const { overrides, name, parent, branch } = environment
  const remove = useMutation(
    trpc.environments.delete.mutationOptions({
      onSuccess: () => {
        onDismiss()
        toastDone(`Deleted ${name}`, {
          description: 'You can restore it for one day.',
          undo: { label: 'Undo', run: () => restore(environment) },
        })
        if (place.environment === name)
          router.push(paths.environments({ team: place.team, environment: parent ?? 'production' }))
        void queries.invalidateQueries(trpc.environments.pathFilter())
      },
    }),
  )
  return (
    <Confirm
      title={`Delete ${name}?`}
      action={`Delete ${name}`}
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate({ team: place.team, environment: name, id: environment.id })}
      onDismiss={onDismiss}
    >
      {overrides.length === 0 ? (
        <p>Nothing runs in it. Calls to it will be refused, and not passed to {parent}.</p>
      ) : (
        <p>
          Its {overrides.length === 1 ? 'override' : 'overrides'} of{' '}
          <strong>{overrides.map(({ service }) => service).join(', ')}</strong> will stop. Calls to it will be refused,
          and not passed to {parent}.
        </p>
      )}
      <p className="mt-2 text-muted">
        You can restore it for one day. Then its variables, data
        {branch === null
          ? ', logs and branches are deleted for good.'
          : ' and logs are deleted for good; the branch stays.'}
      </p>
    </Confirm>
  )
}
