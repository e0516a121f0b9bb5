'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import { Ellipsis, Share2, UserCheck, UserX } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useMemo, useState } from 'react'
import type { Consumer } from '#contract/sharing.ts'
import { paths } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { useMay } from '#components/frame/may.ts'
import { useService } from '#components/frame/service.ts'
import { Badge, type Tone } from '#components/ui/badge.tsx'
import { Button, ButtonLink, IconButton } from '#components/ui/button.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { Menu, MenuItem } from '#components/ui/menu.tsx'
import { PageBody, Panel, Section } from '#components/ui/page.tsx'
import { Sparkline } from '#components/ui/sparkline.tsx'
import { type Column, rowControl, Table } from '#components/ui/table.tsx'
import { Time } from '#components/ui/time.tsx'
import { EndpointCalls } from './endpoint-calls.tsx'
import { lookedAt, spokenCount, spokenErrors, spokenMean } from './usage.ts'

const DecideDialog = dynamic(() => import('./decide-dialog.tsx').then((module) => module.DecideDialog), { ssr: false })
const LimitDialog = dynamic(() => import('./limit-dialog.tsx').then((module) => module.LimitDialog), { ssr: false })

type Verdict = 'approve' | 'decline' | 'revoke'
type Open = { consumer: Consumer; what: Verdict | 'limit' } | null

/** Who calls the service, how often and with what outcome; who asks to; and what each may. */
export function Consumers() {
  const at = useService()
  const trpc = useTRPC()
  const may = useMay()
  const { data: service } = useSuspenseQuery(trpc.services.get.queryOptions(at))
  const {
    data: { consumers, calls },
  } = useSuspenseQuery(trpc.consumers.list.queryOptions({ team: at.team, service: at.service, ...lookedAt }))
  const [open, setOpen] = useState<Open>(null)
  const mayWrite = may('consumer.write', null)
  const asking = consumers.filter(({ state }) => state === 'asked')
  const columns = useMemo(
    () => columnsOf({ approval: service.approval, perMinute: service.perMinute, mayWrite, open: setOpen }),
    [service.approval, service.perMinute, mayWrite],
  )
  const audience =
    service.audience.kind === 'team'
      ? 'Only its own team may call it.'
      : service.approval
        ? 'Other teams need approval to call it.'
        : 'Other teams in its audience may call it without approval.'
  return (
    <PageBody wide>
      {asking.length > 0 && (
        <Section title="Requests for approval" about="Their calls are refused until you decide.">
          <ul className="flex flex-col gap-2">
            {asking.map((consumer) => (
              <Ask
                key={consumer.teamId}
                consumer={consumer}
                reason={mayWrite}
                decide={(what) => setOpen({ consumer, what })}
              />
            ))}
          </ul>
        </Section>
      )}
      <Section
        title="Consumers"
        about={`The last ${lookedAt.days} days. ${audience}`}
        actions={
          <ButtonLink href={paths.service(at, 'settings')}>
            <Share2 />
            Sharing
          </ButtonLink>
        }
      >
        <Panel>
          <Table
            label="Consumers"
            columns={columns}
            rows={consumers}
            rowKey={({ teamId }) => teamId}
            rowHeight={40}
            empty={
              <EmptyState title="No calls yet">
                Teams that call it appear here with requests, errors and latency.
              </EmptyState>
            }
          />
        </Panel>
      </Section>
      {calls.length > 0 && (
        <Section title="Endpoints" about="Callers of each endpoint: a change would affect them.">
          <EndpointCalls calls={calls} endpoints={service.endpoints.map(({ name }) => name)} />
        </Section>
      )}
      {open !== null && open.what === 'limit' && (
        <LimitDialog at={at} consumer={open.consumer} usual={service.perMinute} onDismiss={() => setOpen(null)} />
      )}
      {open !== null && open.what !== 'limit' && (
        <DecideDialog at={at} consumer={open.consumer} verdict={open.what} onDismiss={() => setOpen(null)} />
      )}
    </PageBody>
  )
}

function Ask({
  consumer,
  reason,
  decide,
}: {
  consumer: Consumer
  reason: string | null
  decide: (what: Verdict) => void
}) {
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 rounded border border-warn/40 bg-warn-soft px-3 py-2.5">
      <div className="min-w-0 grow basis-64">
        <p>
          <strong className="font-medium">{consumer.team}</strong>{' '}
          <span className="text-muted">
            · {consumer.askedBy}
            {consumer.askedAt !== null && (
              <>
                , <Time at={consumer.askedAt} />
              </>
            )}
          </span>
        </p>
        <p className="text-pretty break-words">{consumer.reason}</p>
      </div>
      <div className="flex gap-2">
        <Button kind="primary" reason={reason} onClick={() => decide('approve')}>
          <UserCheck />
          Approve
        </Button>
        <Button reason={reason} onClick={() => decide('decline')}>
          <UserX />
          Decline
        </Button>
      </div>
    </li>
  )
}

const tones: Record<string, Tone> = { asked: 'warn', approved: 'ok', declined: 'idle', revoked: 'bad' }

function standing({ own, state, admitted }: Consumer, approval: boolean): { word: string; tone?: Tone } {
  if (own) return { word: 'its team' }
  if (!admitted) return { word: 'not shared', tone: 'idle' }
  if (!approval) return { word: 'may call' }
  return state === null ? { word: 'not requested', tone: 'idle' } : { word: state, tone: tones[state] ?? 'idle' }
}

interface Ways {
  approval: boolean
  perMinute: number | null
  mayWrite: string | null
  open: (what: Open) => void
}

function columnsOf({ approval, perMinute, mayWrite, open }: Ways): Column<Consumer>[] {
  const number = (of: (consumer: Consumer) => number) => (a: Consumer, b: Consumer) => of(b) - of(a)
  return [
    {
      key: 'team',
      header: 'Team',
      width: 'sm:w-44',
      order: (a, b) => a.team.localeCompare(b.team),
      cell: ({ team, teamId }) => (
        <span className="truncate font-medium">
          {teamId === '' ? <span className="font-normal text-muted">anyone, not signed in</span> : team}
        </span>
      ),
    },
    {
      key: 'standing',
      header: 'Standing',
      width: 'w-24',
      cell: (consumer) => {
        const { word, tone } = standing(consumer, approval)
        const by =
          consumer.decidedAt === null
            ? undefined
            : `${consumer.decidedBy}${consumer.answer === '' ? '' : `: ${consumer.answer}`}`
        return (
          <span title={by}>
            {tone === undefined ? <span className="text-muted">{word}</span> : <Badge tone={tone}>{word}</Badge>}
          </span>
        )
      },
    },
    {
      key: 'days',
      header: 'By day',
      from: 'md',
      cell: ({ days, team }) => (
        <span className="block h-6 max-w-72 [&>svg]:h-full [&>svg]:w-full">
          <Sparkline
            values={days.map(({ requests }) => requests)}
            width={200}
            height={24}
            tone="text-accent"
            label={`Requests of ${team} by day, over ${days.length} days`}
          />
        </span>
      ),
    },
    {
      key: 'requests',
      header: 'Requests',
      width: 'w-24',
      align: 'end',
      order: number(({ total }) => total.requests),
      cell: ({ total }) => spokenCount(total.requests),
    },
    {
      key: 'errors',
      header: 'Errors',
      width: 'w-28',
      from: 'sm',
      align: 'end',
      order: number(({ total }) => total.errors),
      cell: ({ total }) => <span className={total.errors > 0 ? 'text-bad' : 'text-muted'}>{spokenErrors(total)}</span>,
    },
    {
      key: 'mean',
      header: 'Mean',
      width: 'w-20',
      from: 'sm',
      align: 'end',
      order: number(({ total }) => total.meanMs ?? 0),
      cell: ({ total }) => spokenMean(total),
    },
    {
      key: 'limit',
      header: 'A minute',
      width: 'w-28',
      from: 'md',
      align: 'end',
      cell: (consumer) => {
        if (consumer.own) return <span className="text-muted">–</span>
        const limit = consumer.perMinute ?? perMinute
        return (
          <span
            title={consumer.total.limited === 0 ? undefined : `${spokenCount(consumer.total.limited)} over the limit`}
          >
            {limit === null ? <span className="text-muted">no limit</span> : <>≤ {spokenCount(limit)}</>}
            {consumer.total.limited > 0 && <span className="text-bad"> · {spokenCount(consumer.total.limited)}</span>}
          </span>
        )
      },
    },
    {
      key: 'actions',
      header: 'Actions',
      quiet: true,
      width: 'w-16 sm:w-18',
      align: 'end',
      cell: (consumer) =>
        consumer.own || consumer.teamId === '' ? null : (
          <span className={rowControl}>
            <Menu
              align="end"
              trigger={
                <IconButton size="small" label={`Actions on ${consumer.team}`}>
                  <Ellipsis />
                </IconButton>
              }
            >
              <MenuItem reason={mayWrite} onSelect={() => open({ consumer, what: 'limit' })}>
                Limit its calls
              </MenuItem>
              {approval && consumer.state !== 'approved' && (
                <MenuItem reason={mayWrite} onSelect={() => open({ consumer, what: 'approve' })}>
                  Approve
                </MenuItem>
              )}
              {consumer.state === 'asked' && (
                <MenuItem reason={mayWrite} onSelect={() => open({ consumer, what: 'decline' })}>
                  Decline
                </MenuItem>
              )}
              {consumer.state === 'approved' && (
                <MenuItem bad reason={mayWrite} onSelect={() => open({ consumer, what: 'revoke' })}>
                  Revoke its approval
                </MenuItem>
              )}
            </Menu>
          </span>
        ),
    },
  ]
}
