'use client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import Link from 'next/link'
import type { Environment } from '#contract/records.ts'
import { paths } from '#client/paths.ts'
import { toastDone } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import { usePlace } from '#components/frame/place.ts'
import { Button } from '#components/ui/button.tsx'
import { Dialog } from '#components/ui/dialog.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { ErrorLine } from '#components/ui/error-state.tsx'
import { ShortId } from '#components/ui/short-id.tsx'

/** The overrides of an environment; each can be reset, so that the parent's revision applies again. */
export function OwnCopies({
  environment: { name, parent, overrides },
  mayReset,
  onDismiss,
}: {
  environment: Environment
  mayReset: string | null
  onDismiss: () => void
}) {
  const { team } = usePlace()
  const trpc = useTRPC()
  const queries = useQueryClient()
  const reset = useMutation(
    trpc.environments.reset.mutationOptions({
      onSuccess: async (_, { service }) => {
        await queries.invalidateQueries(trpc.environments.pathFilter())
        toastDone(`${parent} serves ${service} again`, { description: `Its commits stay on the branch ${name}.` })
      },
    }),
  )
  return (
    <Dialog
      title={`Overrides of ${name}`}
      description={
        parent === null
          ? undefined
          : `An override that you reset stops, and the revision of ${parent} applies again. The source and its history stay.`
      }
      onDismiss={onDismiss}
    >
      {reset.error !== null && (
        <div className="mb-3">
          <ErrorLine error={reset.error} />
        </div>
      )}
      {overrides.length === 0 ? (
        <EmptyState title="No overrides">
          Every service in {name} is inherited from {parent}.
        </EmptyState>
      ) : (
        <ul aria-label={`Overrides of ${name}`} className="divide-y divide-border rounded border border-border">
          {overrides.map(({ serviceId, service, revision }) => (
            <li key={serviceId} className="flex min-h-[42px] items-center gap-3 py-1 pr-2 pl-3">
              <Link href={paths.service({ team, environment: name, service })} className="min-w-0 truncate font-medium">
                {service}
              </Link>
              <ShortId id={revision} />
              {parent !== null && (
                <Button
                  size="small"
                  className="ml-auto"
                  aria-label={`Reset ${service} to ${parent}`}
                  reason={mayReset}
                  busy={reset.isPending && reset.variables.service === service}
                  onClick={() => reset.mutate({ team, environment: name, service })}
                >
                  Reset
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
    </Dialog>
  )
}
