'use client'
import { useMutation } from '@tanstack/react-query'
import { X } from 'lucide-react'
import dynamic from 'next/dynamic'
import type { MessageKind } from '#contract/people.ts'
import { toastError } from '#client/toasts.ts'
import { type Outputs, useTRPC, useTRPCClient } from '#client/trpc.ts'
import { Button, IconButton } from '#components/ui/button.tsx'
import { Panel, Section } from '#components/ui/page.tsx'
import { Time } from '#components/ui/time.tsx'
import { useConfirmedMutation } from './confirm-you.tsx'

const ShownOnce = dynamic(() => import('#components/ui/shown-once.tsx').then((module) => module.ShownOnce), {
  ssr: false,
})

const messageWords: Readonly<Record<MessageKind, string>> = {
  verify: 'confirms the address',
  email: 'changes an address',
  reset: 'sets a new password',
  link: 'signs in',
  'sign-up': 'signs up',
  invitation: 'is invited',
  notice: 'is told of a change',
}

/** Links that an operator has to pass on. Whoever has one has the account, so that showing it needs a fresh confirmation. */
export function WaitingMessages({
  messages,
  mailed,
  refresh,
}: {
  messages: Outputs['platform']['people']['messages']
  mailed: boolean
  refresh: () => void
}) {
  const trpc = useTRPC()
  const client = useTRPCClient()
  const show = useConfirmedMutation((given: { messageId: string }) => client.platform.showMessage.mutate(given), {
    onError: toastError,
  })
  const dismiss = useMutation(trpc.platform.dismissMessage.mutationOptions({ onSuccess: refresh, onError: toastError }))
  return (
    <>
      <Section
        title="Pending messages"
        about={
          !mailed
            ? 'Pass each link on so that only the recipient sees it. Showing a link creates it and is recorded in the audit log.'
            : 'Messages that the mail server has not accepted yet. They are retried.'
        }
      >
        <Panel>
          {messages.length === 0 ? (
            <p className="px-3 py-2.5 text-muted">None.</p>
          ) : (
            <ul className="divide-y divide-border" aria-label="Pending messages">
              {messages.map(({ id, kind, email, createdAt, error }) => (
                <li key={id} className="flex min-h-[38px] flex-wrap items-center gap-x-3 gap-y-0.5 py-1 pr-1.5 pl-3">
                  <span className="min-w-0 font-medium break-all">{email}</span>
                  <span className="text-muted">
                    {messageWords[kind]}
                    {error !== null && <span className="text-warn"> · {error}</span>}
                  </span>
                  <span className="ml-auto flex shrink-0 items-center gap-2">
                    <Time at={createdAt} className="text-muted" />
                    <Button
                      size="small"
                      busy={show.isPending && show.variables.messageId === id}
                      onClick={() => show.mutate({ messageId: id })}
                    >
                      Show the link
                    </Button>
                    <IconButton
                      size="small"
                      label={`Dismiss the message to ${email}`}
                      onClick={() => dismiss.mutate({ messageId: id })}
                    >
                      <X />
                    </IconButton>
                  </span>
                </li>
              ))}
            </ul>
          )}
        </Panel>
      </Section>
      {show.data !== undefined && (
        <ShownOnce title={`The link for ${show.data.email}`} secret={show.data.link} onDismiss={() => show.reset()}>
          Anyone who opens it {messageWords[show.data.kind]} as {show.data.email}, once.
        </ShownOnce>
      )}
    </>
  )
}
