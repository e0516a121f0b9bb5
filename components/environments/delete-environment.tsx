'use client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRouter } from 'next/navigation'
import type { Environment } from '#contract/records.ts'
import { paths } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { usePlace } from '#components/frame/place.ts'
import { Confirm } from '#components/ui/confirm.tsx'
import { toastDone } from '#client/toasts.ts'

export function DeleteEnvironment({ environment, onDismiss }: { environment: Environment; onDismiss: () => void }) {
  const place = usePlace()
  const trpc = useTRPC()
  const queries = useQueryClient()
  const router = useRouter()
  const remove = useMutation(trpc.environments.delete.mutationOptions({
    onSuccess: () => {
      onDismiss()
      toastDone(`${environment.name} is deleted`)
      if (place.environment === environment.name) router.push(paths.environments({ team: place.team, environment: environment.parent ?? 'production' }))
      void queries.invalidateQueries(trpc.environments.pathFilter())
    },
  }))
  const { overrides, name, parent } = environment
  return (
    <Confirm
      title={`Delete ${name}?`}
      action={`Delete ${name}`}
      name={name}
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate({ team: place.team, environment: name })}
      onDismiss={onDismiss}
    >
      {overrides.length === 0
        ? <p>Nothing runs in it. Calls that name it are refused from then on; they are not passed to {parent}.</p>
        : <p>Its own {overrides.length === 1 ? 'copy' : 'copies'} of <strong>{overrides.map(({ service }) => service).join(', ')}</strong> will stop. The source and its history stay. Calls that name it are refused from then on; they are not passed to {parent}.</p>}
    </Confirm>
  )
}
