'use client'
import { useQueryClient } from '@tanstack/react-query'
import { X } from 'lucide-react'
import { goToProvider } from '#client/sign-in.ts'
import { paths } from '#client/paths.ts'
import { toastError } from '#client/toasts.ts'
import { useTRPC, useTRPCClient } from '#client/trpc.ts'
import { Button, IconButton } from '#components/ui/button.tsx'
import { Panel, Section } from '#components/ui/page.tsx'
import { Time } from '#components/ui/time.tsx'
import { useConfirmedMutation } from './confirm-you.tsx'
import type { Security } from './second-factors.tsx'

/** Accounts elsewhere with which one signs in here; nothing, where no provider is configured and none was. */
export function LinkedAccounts({ security: { linked, providers } }: { security: Security }) {
  const trpc = useTRPC()
  const client = useTRPCClient()
  const queries = useQueryClient()
  const link = useConfirmedMutation(
    async (provider: string) => {
      await client.security.beginLinking.mutate({ provider })
      await goToProvider(provider, paths.accountSettings())
    },
    { onError: toastError },
  )
  const unlink = useConfirmedMutation(
    ({ provider, subject }: { provider: string; subject: string }) =>
      client.security.unlink.mutate({ provider, subject }),
    {
      onSuccess: () => void queries.invalidateQueries(trpc.security.pathFilter()),
      onError: toastError,
    },
  )
  if (linked.length === 0 && providers.length === 0) return null
  const open = providers.filter((provider) => !provider.linked)
  return (
    <Section title="Linked accounts" about="Signing in to one of these accounts signs you in here.">
      <Panel>
        <ul className="divide-y divide-border">
          {linked.map(({ provider, subject, name, email, usedAt }) => (
            <li key={`${provider} ${subject}`} className="flex min-h-[38px] items-center gap-3 py-1 pr-1.5 pl-3">
              <span className="shrink-0 font-medium">{name}</span>
              <span className="min-w-0 truncate text-muted">{email}</span>
              <span className="ml-auto hidden shrink-0 text-muted sm:inline">
                used <Time at={usedAt} />
              </span>
              <span className="ml-auto sm:ml-0">
                <IconButton
                  size="small"
                  label={`Unlink ${name}, ${email}`}
                  onClick={() => unlink.mutate({ provider, subject })}
                >
                  <X />
                </IconButton>
              </span>
            </li>
          ))}
          {open.map(({ id, name }) => (
            <li key={id} className="flex min-h-[38px] items-center justify-between gap-3 py-1 pr-1.5 pl-3">
              <span>{name}</span>
              <Button size="small" busy={link.isPending && link.variables === id} onClick={() => link.mutate(id)}>
                Link
              </Button>
            </li>
          ))}
        </ul>
      </Panel>
    </Section>
  )
}
