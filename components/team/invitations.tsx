'use client'
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { MailPlus, X } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useState } from 'react'
import { type Outputs, useTRPC } from '#client/trpc.ts'
import { useActions } from '#components/frame/actions.ts'
import { useMay } from '#components/frame/may.ts'
import { usePlace } from '#components/frame/place.ts'
import { Button, IconButton } from '#components/ui/button.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { type Column, Table } from '#components/ui/table.tsx'
import { Time } from '#components/ui/time.tsx'
import { toastError } from '#client/toasts.ts'
import { Refused } from './refused.tsx'
import { Toolbar } from './toolbar.tsx'

const Invite = dynamic(() => import('./invite.tsx').then((module) => module.Invite), { ssr: false })
type Invitation = Outputs['invitations']['list'][number]

export function Invitations() {
  const reason = useMay()('member.write')
  return reason === null ? <List /> : <Refused reason={reason} what="open invitations" />
}

function List() {
  const { team } = usePlace()
  const trpc = useTRPC()
  const queries = useQueryClient()
  const { data: invitations } = useSuspenseQuery(trpc.invitations.list.queryOptions({ team }))
  const [inviting, setInviting] = useState(false)
  const revoke = useMutation(
    trpc.invitations.revoke.mutationOptions({
      onSuccess: () => queries.invalidateQueries(trpc.invitations.pathFilter()),
      onError: toastError,
    }),
  )
  useActions([{ id: 'member.invite', title: 'Invite a person', keys: 'n', run: () => setInviting(true) }])
  const columns: Column<Invitation>[] = [
    { key: 'email', header: 'Email', cell: ({ email }) => <span className="font-medium">{email}</span> },
    { key: 'role', header: 'Role', width: 'w-28', cell: ({ role }) => role },
    {
      key: 'by',
      header: 'By',
      width: 'w-40',
      from: 'md',
      cell: ({ by }) => <span className="text-muted">{by?.name ?? 'a former member'}</span>,
    },
    {
      key: 'expires',
      header: 'Expires',
      width: 'w-28',
      from: 'sm',
      align: 'end',
      cell: ({ expiresAt }) => <Time at={expiresAt} className="text-muted" />,
    },
    {
      key: 'revoke',
      header: 'Revoke',
      quiet: true,
      width: 'w-14',
      align: 'end',
      cell: ({ id, email }) => (
        <IconButton
          size="small"
          label={`Revoke the invitation of ${email}`}
          onClick={() => revoke.mutate({ team, invitationId: id })}
        >
          <X />
        </IconButton>
      ),
    },
  ]
  const button = (
    <Button kind="primary" keys="n" onClick={() => setInviting(true)}>
      <MailPlus />
      Invite
    </Button>
  )
  return (
    <>
      <Toolbar about="Open invitations. Each link works once, for one address.">{button}</Toolbar>
      <Table
        label="Invitations"
        columns={columns}
        rows={invitations}
        rowKey={({ id }) => id}
        empty={
          <EmptyState icon={<MailPlus />} title="No open invitations">
            Invite a colleague to get a link for them.
          </EmptyState>
        }
      />
      {inviting && <Invite onDismiss={() => setInviting(false)} />}
    </>
  )
}
