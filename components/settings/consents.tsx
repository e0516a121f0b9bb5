'use client'
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { X } from 'lucide-react'
import { toastDone, toastError } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import { IconButton } from '#components/ui/button.tsx'
import { Panel, Section } from '#components/ui/page.tsx'
import { Time } from '#components/ui/time.tsx'

/** Services of other teams that one has agreed are told who one is. */
export function Consents() {
  const trpc = useTRPC()
  const queries = useQueryClient()
  const { data: consents } = useSuspenseQuery(trpc.person.consents.queryOptions())
  const revoke = useMutation(
    trpc.person.revokeConsent.mutationOptions({
      onSuccess: () => {
        toastDone('Withdrew your consent')
        void queries.invalidateQueries(trpc.person.consents.queryFilter())
      },
      onError: toastError,
    }),
  )
  if (consents.length === 0) return null
  return (
    <Section
      title="Services with your consent"
      about="Services of other teams that get your email and one of your teams when you open them in a browser."
    >
      <Panel>
        <ul aria-label="Services with your consent" className="divide-y divide-border">
          {consents.map(({ serviceId, service, team, at }) => (
            <li key={serviceId} className="flex min-h-[38px] items-center gap-3 py-1 pr-1.5 pl-3">
              <span className="min-w-0 truncate">
                @{team}/{service}
              </span>
              <span className="ml-auto shrink-0 text-muted">
                since <Time at={at} />
              </span>
              <IconButton
                size="small"
                label={`Withdraw consent for @${team}/${service}`}
                onClick={() => revoke.mutate({ serviceId })}
              >
                <X />
              </IconButton>
            </li>
          ))}
        </ul>
      </Panel>
    </Section>
  )
}
