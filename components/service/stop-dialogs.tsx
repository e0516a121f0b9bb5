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
          'The revision that was live before serves again'
        ) : (
          <>
            Revision <code>{to.revision}</code> serves again
          </>
        )}
        , with the variables of that time. What serves now goes on until the switch; no request is lost.
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
        toastDone(`${at.service} is stopped`, { description: 'Restart or deploy it to have it serve again.' })
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
      <p>Calls to it are refused from then on. Its source, history, variables and settings stay.</p>
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
        toastDone(`${at.service} is served by ${parent} again`)
      },
    }),
  )
  return (
    <Confirm
      title={`Drop ${at.environment}’s own copy?`}
      action={`Reset to ${parent}`}
      name={at.service}
      busy={reset.isPending}
      error={reset.error}
      onConfirm={() => reset.mutate(at)}
      onDismiss={onDismiss}
    >
      <p>
        What was deployed into {at.environment} stops, and its calls go to{' '}
        {isPinned
          ? `the revision that ${parent} has of ${at.service} now: ${at.environment} is pinned, so it stays with that one`
          : `${parent}’s ${at.service} again`}
        . The commits stay in the repository.
      </p>
    </Confirm>
  )
}
