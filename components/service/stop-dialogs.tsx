'use client'
import { useMutation } from '@tanstack/react-query'
import { useRouter } from 'next/navigation'
import { type OfService, paths } from '#client/paths.ts'
import { toastDone } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import { useEnvironment, useEnvironments } from '#components/frame/environment.ts'
import { inEnvironment } from '#components/frame/production.ts'
import { Confirm } from '#components/ui/confirm.tsx'

interface Props {
  at: OfService
  onDismiss: () => void
}

/** `to`: a deployment to go back to, with how it is called; one live revision further back without. `from`: id of the deployment that is live where this is shown. */
export function RollbackDialog({
  at,
  to,
  from,
  onDismiss,
}: Props & { to?: { id: string; revision: string }; from?: string | undefined }) {
  const trpc = useTRPC()
  const router = useRouter()
  // A list of all environments names one that need not be the address's.
  const environment = useEnvironments().find(({ name }) => name === at.environment)
  const rollback = useMutation(
    trpc.deployments.rollback.mutationOptions({
      onSuccess: ({ deploymentId }) => {
        onDismiss()
        router.push(paths.deployment(at, deploymentId))
      },
    }),
  )
  return (
    <Confirm
      title={`Roll ${at.service} back${to === undefined ? '' : ` to ${to.revision}`}?`}
      action={environment === undefined ? 'Roll back' : inEnvironment('Roll back', environment)}
      busy={rollback.isPending}
      error={rollback.error}
      onConfirm={() => rollback.mutate({ ...at, to: to?.id ?? null, from: from ?? null })}
      onDismiss={onDismiss}
    >
      <p>
        {to === undefined ? (
          'The previous revision becomes live again'
        ) : (
          <>
            Revision <code>{to.revision}</code> becomes live again
          </>
        )}
        , with the variables that it had. The current revision stays live until the switch. No request is lost.
      </p>
    </Confirm>
  )
}

export function KillDialog({ at, onDismiss }: Props) {
  const trpc = useTRPC()
  const environment = useEnvironment()
  const kill = useMutation(
    trpc.services.kill.mutationOptions({
      onSuccess: () => {
        onDismiss()
        toastDone(`${at.service} is stopped`, { description: 'Restart or deploy it to make it live again.' })
      },
    }),
  )
  return (
    <Confirm
      title={`Stop ${at.service} in ${at.environment}?`}
      action={environment === undefined ? 'Stop' : inEnvironment('Stop', environment)}
      name={at.service}
      busy={kill.isPending}
      error={kill.error}
      onConfirm={() => kill.mutate(at)}
      onDismiss={onDismiss}
    >
      <p>Calls to it are refused. Its source, history, variables and settings stay.</p>
    </Confirm>
  )
}

export function ResetDialog({ at, parent, onDismiss }: Props & { parent: string }) {
  const trpc = useTRPC()
  const isPinned = useEnvironment()?.pinned != null
  const reset = useMutation(
    trpc.environments.reset.mutationOptions({
      onSuccess: () => {
        onDismiss()
        toastDone(`${at.service} is inherited from ${parent} again`)
      },
    }),
  )
  return (
    <Confirm
      title={`Reset ${at.environment} to ${parent}?`}
      action={`Reset to ${parent}`}
      name={at.service}
      busy={reset.isPending}
      error={reset.error}
      onConfirm={() => reset.mutate(at)}
      onDismiss={onDismiss}
    >
      <p>
        The override in {at.environment} stops. Calls then go to{' '}
        {isPinned
          ? `the current revision of ${at.service} in ${parent}. ${at.environment} is pinned, so it keeps that revision`
          : `${at.service} of ${parent}`}
        . The commits stay in the repository.
      </p>
    </Confirm>
  )
}
