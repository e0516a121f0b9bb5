'use client'
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { KeyRound, Plus, Trash2, Workflow } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useState } from 'react'
import type { Token } from '#contract/records.ts'
import { useTRPC } from '#client/trpc.ts'
import { useActions } from '#components/frame/actions.ts'
import { useEnvironments } from '#components/frame/environment.ts'
import { useMay } from '#components/frame/may.ts'
import { usePlace } from '#components/frame/place.ts'
import { Button, IconButton } from '#components/ui/button.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { type Column, Table } from '#components/ui/table.tsx'
import { Time } from '#components/ui/time.tsx'
import { scopeWords } from '#contract/token-scope.ts'
import { Toolbar } from './toolbar.tsx'

const Confirm = dynamic(() => import('#components/ui/confirm.tsx').then((module) => module.Confirm), { ssr: false })
const NewToken = dynamic(() => import('./new-token.tsx').then((module) => module.NewToken), { ssr: false })

/** One's own tokens; an admin sees everybody's. */
export function Tokens() {
  const { team } = usePlace()
  const trpc = useTRPC()
  const queries = useQueryClient()
  const everyone = useMay()('member.write') === null
  const environments = useEnvironments()
  const { data: tokens } = useSuspenseQuery(trpc.tokens.list.queryOptions({ team, everyone }))
  const [creating, setCreating] = useState<'token' | 'ci' | null>(null)
  const [revoking, setRevoking] = useState<Token | null>(null)
  const revoke = useMutation(
    trpc.tokens.revoke.mutationOptions({
      onSuccess: () => {
        setRevoking(null)
        void queries.invalidateQueries(trpc.tokens.pathFilter())
      },
    }),
  )
  useActions([
    { id: 'token.new', title: 'New token', keys: 'n', words: 'create api key', run: () => setCreating('token') },
    {
      id: 'token.ci',
      title: 'Token for CI',
      words: 'pipeline github gitlab actions deploy',
      run: () => setCreating('ci'),
    },
  ])
  const nameOf = (id: string | null) =>
    id === null
      ? 'production'
      : (environments.find((each) => each.id === id || each.name === id)?.name ?? 'a deleted environment')
  const columns: Column<Token>[] = [
    { key: 'name', header: 'Name', width: 'lg:w-60', cell: ({ name }) => <span className="font-medium">{name}</span> },
    {
      key: 'scope',
      header: 'May',
      from: 'lg',
      cell: ({ scope }) => <span className="text-muted">{scopeWords(scope)}</span>,
    },
    {
      key: 'environment',
      header: 'Calls in',
      width: 'w-32',
      from: 'md',
      cell: ({ environment }) => <span className="text-muted">{nameOf(environment)}</span>,
    },
    {
      key: 'person',
      header: 'Of',
      width: 'w-36',
      from: 'sm',
      cell: ({ person, machine }) =>
        machine === null ? (
          <span className="text-muted">{person.name}</span>
        ) : (
          <span className="text-muted" title={`Created by ${machine.by}; its role is ${machine.role}`}>
            a machine
          </span>
        ),
    },
    {
      key: 'used',
      header: 'Used',
      width: 'w-28',
      align: 'end',
      cell: ({ lastUsedAt }) =>
        lastUsedAt === null ? (
          <span className="text-muted">never</span>
        ) : (
          <Time at={lastUsedAt} className="text-muted" />
        ),
    },
    {
      key: 'expires',
      header: 'Expires',
      width: 'w-28',
      from: 'sm',
      align: 'end',
      cell: ({ expiresAt }) =>
        expiresAt === null ? <span className="text-muted">never</span> : <Time at={expiresAt} className="text-muted" />,
    },
    {
      key: 'revoke',
      header: 'Revoke',
      quiet: true,
      width: 'w-14',
      align: 'end',
      cell: (token) => (
        <IconButton size="small" label={`Revoke ${token.name}`} onClick={() => setRevoking(token)}>
          <Trash2 />
        </IconButton>
      ),
    },
  ]
  return (
    <>
      <Toolbar about="With a token, a program acts as you in this team, within the scope of the token.">
        <Button onClick={() => setCreating('ci')}>
          <Workflow />
          Token for CI
        </Button>
        <Button kind="primary" keys="n" onClick={() => setCreating('token')}>
          <Plus />
          New token
        </Button>
      </Toolbar>
      <Table
        label="Tokens"
        columns={columns}
        rows={tokens}
        rowKey={({ id }) => id}
        empty={
          <EmptyState icon={<KeyRound />} title="No tokens">
            Programs and pipelines sign in with a token. On your own machine{' '}
            <code className="text-text">m3o login</code> creates one for you.
          </EmptyState>
        }
      />
      {creating !== null && <NewToken forCi={creating === 'ci'} onDismiss={() => setCreating(null)} />}
      {revoking !== null && (
        <Confirm
          title={`Revoke ${revoking.name}?`}
          action={`Revoke ${revoking.name}`}
          busy={revoke.isPending}
          error={revoke.error}
          onConfirm={() => revoke.mutate({ team, token: revoking.id })}
          onDismiss={() => setRevoking(null)}
        >
          <p>Programs that use it will be refused. You cannot undo this.</p>
        </Confirm>
      )}
    </>
  )
}
