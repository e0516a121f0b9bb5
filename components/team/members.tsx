'use client'
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { LogOut, UserPlus, UserX } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import type { Role } from '#contract/permissions.ts'
import type { Member } from '#contract/records.ts'
import { paths } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { useActions } from '#components/frame/actions.ts'
import { useMay, useViewer } from '#components/frame/may.ts'
import { usePlace } from '#components/frame/place.ts'
import { Avatar } from '#components/ui/avatar.tsx'
import { Badge } from '#components/ui/badge.tsx'
import { Button, IconButton } from '#components/ui/button.tsx'
import { Select } from '#components/ui/input.tsx'
import { type Column, rowControl, Table } from '#components/ui/table.tsx'
import { Time } from '#components/ui/time.tsx'
import { toastError } from '#client/toasts.ts'
import { mayGive, roleWords } from './roles.ts'
import { Toolbar } from './toolbar.tsx'

const Confirm = dynamic(() => import('#components/ui/confirm.tsx').then((module) => module.Confirm), { ssr: false })
const Invite = dynamic(() => import('./invite.tsx').then((module) => module.Invite), { ssr: false })

export function Members() {
  const place = usePlace()
  const { team } = place
  const trpc = useTRPC()
  const queries = useQueryClient()
  const router = useRouter()
  const may = useMay()
  const { person: me, role: own } = useViewer()
  const { data: members } = useSuspenseQuery(trpc.members.list.queryOptions({ team }))
  const [inviting, setInviting] = useState(false)
  const [leaving, setLeaving] = useState<Member | null>(null)
  const refresh = () => queries.invalidateQueries(trpc.members.pathFilter())
  const setRole = useMutation(trpc.members.setRole.mutationOptions({ onSuccess: refresh, onError: toastError }))
  const remove = useMutation(
    trpc.members.remove.mutationOptions({
      onSuccess: () => {
        setLeaving(null)
        void refresh()
      },
    }),
  )
  const leave = useMutation(
    trpc.members.leave.mutationOptions({
      onSuccess: () => {
        queries.clear()
        router.push(paths.home())
      },
    }),
  )

  const mayWrite = may('member.write')
  const owners = members.filter(({ role }) => role === 'owner').length
  /** Why this member stays as they are; the server says the same. */
  const fixed = ({ role }: Member): string | null =>
    mayWrite ??
    (role === 'owner' && own !== 'owner' ? 'Only an owner can change the role of an owner' : null) ??
    (role === 'owner' && owners === 1 ? 'A team needs at least one owner' : null)

  useActions([
    { id: 'member.invite', title: 'Invite a person', keys: 'n', reason: mayWrite, run: () => setInviting(true) },
  ])
  const columns: Column<Member>[] = [
    {
      key: 'person',
      header: 'Person',
      width: 'lg:w-72',
      cell: ({ person }) => (
        <span className="flex min-w-0 items-center gap-2">
          <Avatar name={person.name} />
          <span className="truncate font-medium">{person.name}</span>
          {person.id === me.id && <Badge>you</Badge>}
          {person.unconfirmed && <Badge tone="warn">not confirmed</Badge>}
        </span>
      ),
    },
    {
      key: 'email',
      header: 'Email',
      from: 'md',
      cell: ({ person }) => <span className="text-muted">{person.email}</span>,
    },
    {
      key: 'role',
      header: 'Role',
      width: 'w-36',
      cell: (member) => (
        <Select
          aria-label={`Role of ${member.person.name}`}
          title={fixed(member) ?? roleWords[member.role]}
          disabled={fixed(member) !== null}
          value={member.role}
          onChange={(event) => setRole.mutate({ team, userId: member.person.id, role: event.target.value as Role })}
          className={`${rowControl} w-full [&>select]:h-6.5 [&>select]:border-transparent [&>select]:bg-transparent [&>select]:hover:border-border-strong`}
        >
          {(mayGive(own).includes(member.role) ? mayGive(own) : [member.role]).map((role) => (
            <option key={role} value={role}>
              {role}
            </option>
          ))}
        </Select>
      ),
    },
    {
      key: 'since',
      header: 'Since',
      width: 'w-28',
      from: 'sm',
      align: 'end',
      cell: ({ since }) => <Time at={since} className="text-muted" />,
    },
    {
      key: 'remove',
      header: 'Remove',
      quiet: true,
      width: 'w-14',
      align: 'end',
      cell: (member) => {
        const self = member.person.id === me.id
        return (
          <IconButton
            size="small"
            label={self ? 'Leave the team' : `Remove ${member.person.name}`}
            reason={self ? (member.role === 'owner' && owners === 1 ? 'You are its only owner' : null) : fixed(member)}
            onClick={() => setLeaving(member)}
          >
            {self ? <LogOut /> : <UserX />}
          </IconButton>
        )
      },
    },
  ]
  const self = leaving?.person.id === me.id
  return (
    <>
      <Toolbar
        about={`${members.length} ${members.length === 1 ? 'person' : 'people'}. Developers create and deploy services. Admins share and delete services and invite people.`}
      >
        <Button kind="primary" keys="n" reason={mayWrite} onClick={() => setInviting(true)}>
          <UserPlus />
          Invite
        </Button>
      </Toolbar>
      <Table
        label="Members"
        columns={columns}
        rows={members}
        rowKey={({ person }) => person.id}
        rowHeight={36}
        empty={null}
      />
      {inviting && <Invite onDismiss={() => setInviting(false)} />}
      {leaving !== null && (
        <Confirm
          title={self ? `Leave ${team}?` : `Remove ${leaving.person.name}?`}
          action={self ? `Leave ${team}` : `Remove ${leaving.person.name}`}
          busy={remove.isPending || leave.isPending}
          error={remove.error ?? leave.error}
          onConfirm={() => (self ? leave.mutate({ team }) : remove.mutate({ team, userId: leaving.person.id }))}
          onDismiss={() => setLeaving(null)}
        >
          <p>
            {self ? 'You lose access' : `${leaving.person.email} loses access`} to the team’s services at once, and
            tokens for the team stop working. Services and deployments stay.
          </p>
        </Confirm>
      )}
    </>
  )
}
