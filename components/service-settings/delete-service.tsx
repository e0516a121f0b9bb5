'use client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRouter } from 'next/navigation'
import { Suspense } from 'react'
import { paths } from '#client/paths.ts'
import { toastDone } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import { useService } from '#components/frame/service.ts'
import { Confirm } from '#components/ui/confirm.tsx'
import { Skeleton } from '#components/ui/skeleton.tsx'
import { AllDependants } from './all-dependants.tsx'

/** `id`: of the service that is looked at; its name may lead to another one by the time it is confirmed. */
export function DeleteService({ id, onDismiss }: { id: string; onDismiss: () => void }) {
  const at = useService()
  const trpc = useTRPC()
  const queries = useQueryClient()
  const router = useRouter()
  const remove = useMutation(
    trpc.services.delete.mutationOptions({
      onSuccess: () => {
        toastDone(`${at.service} is deleted`)
        router.push(paths.catalogue(at))
        void queries.invalidateQueries(trpc.services.catalogue.pathFilter())
      },
    }),
  )
  return (
    <Confirm
      title={`Delete ${at.service}?`}
      action={`Delete ${at.service}`}
      name={at.service}
      busy={remove.isPending || remove.isSuccess}
      error={remove.error}
      onConfirm={() => remove.mutate({ team: at.team, service: at.service, id })}
      onDismiss={onDismiss}
    >
      <div className="flex flex-col gap-3">
        <p>
          It stops in every environment. Its source, history, variables and logs are deleted, and calls to it are
          refused.
        </p>
        <Suspense fallback={<Skeleton className="h-9" />}>
          <AllDependants title="These callers would break:" none="No calls in the last 30 days." />
        </Suspense>
      </div>
    </Confirm>
  )
}
