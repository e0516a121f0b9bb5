'use client'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useRouter } from 'next/navigation'
import { useForm } from 'react-hook-form'
import { type OfService, paths } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { useEnvironment } from '#components/frame/environment.ts'
import { inEnvironment } from '#components/frame/production.ts'
import { DialogForm } from '#components/ui/dialog-form.tsx'
import { ErrorLine } from '#components/ui/error-state.tsx'
import { Field } from '#components/ui/field.tsx'
import { Textarea } from '#components/ui/input.tsx'
import { Skeleton } from '#components/ui/skeleton.tsx'
import { ChangedFile } from '#components/service-deployments/changed-file.tsx'

/** Commits the person's draft and deploys it; its phases are the next screen. */
export function DeployDialog({ at, onDismiss }: { at: OfService; onDismiss: () => void }) {
  const trpc = useTRPC()
  const router = useRouter()
  const environment = useEnvironment()
  const status = useQuery(trpc.source.status.queryOptions(at))
  const form = useForm({ defaultValues: { message: '' } })
  const deploy = useMutation(
    trpc.deployments.start.mutationOptions({
      onSuccess: ({ deploymentId }) => router.push(paths.deployment(at, deploymentId)),
    }),
  )
  const changes = status.data?.changes ?? []
  return (
    <DialogForm
      title={`Deploy ${at.service}`}
      form={form}
      submit={environment === undefined ? 'Deploy' : inEnvironment('Deploy', environment, 'to')}
      reason={status.isPending ? 'Your draft is loading' : null}
      busy={deploy.isPending || deploy.isSuccess}
      error={deploy.error}
      onSubmit={({ message }) => deploy.mutate({ ...at, what: { draft: message.trim() === '' ? {} : { message } } })}
      onDismiss={onDismiss}
    >
      {status.error !== null ? (
        <ErrorLine error={status.error} />
      ) : status.isPending ? (
        <Skeleton className="h-10" />
      ) : changes.length === 0 ? (
        <p className="text-pretty">
          Your draft has no changes. The newest revision of {at.environment} is deployed again with the current
          variables and settings.
        </p>
      ) : (
        <div>
          <p className="mb-1.5">Your draft changes {changes.length === 1 ? 'one file' : `${changes.length} files`}:</p>
          <ul className="max-h-40 overflow-y-auto rounded border border-border bg-sunken px-3 py-1">
            {changes.map((change) => (
              <li key={change.path}>
                <ChangedFile change={change} />
              </li>
            ))}
          </ul>
        </div>
      )}
      <Field label="What changed" optional hint="Shown in the deployments list and in the git history.">
        {(control) => (
          <Textarea {...control} {...form.register('message')} autoFocus rows={2} placeholder="Greet politely" />
        )}
      </Field>
    </DialogForm>
  )
}
