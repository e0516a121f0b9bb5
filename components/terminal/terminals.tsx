'use client'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { clsx } from 'clsx'
import { Columns2, Plus, SquareTerminal } from 'lucide-react'
import { useEffect, useEffectEvent, useState } from 'react'
import type { OfService } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { serviceCan } from '#contract/states.ts'
import { useMay } from '#components/frame/may.ts'
import { Button, IconButton } from '#components/ui/button.tsx'
import { ErrorLine } from '#components/ui/error-state.tsx'
import { Spinner } from '#components/ui/spinner.tsx'
import { type Groups, keepGroups, place, readGroups, reconcile } from './groups.ts'
import { TerminalScreen } from './screen.tsx'
import { TerminalSession } from './session.ts'
import { TerminalTabs } from './terminal-tabs.tsx'

const mostBeside = 4

/**
 * Shells in the service's sandbox, in tabs, some side by side. They live on the platform: after a reload the tabs and
 * their screens are back, and closing one is what ends it. Load it lazily: it brings xterm. `asked` counts how often one was
 * asked for by its key: then it is there to be typed into, a new one if need be.
 */
export function Terminals({
  at,
  asked = 0,
  instanceId = null,
}: {
  at: OfService
  asked?: number
  instanceId?: string | null
}) {
  const trpc = useTRPC()
  const queries = useQueryClient()
  const may = useMay()
  const { data: service } = useQuery(trpc.services.get.queryOptions(at))
  const reason =
    may('service.exec') ?? (service === undefined ? 'The service is loading' : reasonOf(serviceCan.exec(service.state)))
  const list = useQuery({ ...trpc.terminals.list.queryOptions(at), enabled: may('service.exec') === null })
  const [sessions, setSessions] = useState<ReadonlyMap<string, TerminalSession>>(new Map())
  const { team, environment, service: name } = at
  const kept = `m3o terminals ${team}/${environment}/${name}`
  const [groups, setGroups] = useState<Groups>(() => readGroups(kept))
  const [chosen, setChosen] = useState<string | null>(null)
  const key = list.data?.map(({ id }) => id).join()

  // One session for each that is open on the platform; they go when their tabs do.
  useEffect(() => {
    if (key === undefined) return
    setSessions((before) => {
      // One that is gone from the platform says so on its screen, until its tab is closed.
      const next = new Map(before)
      for (const one of list.data ?? [])
        if (!next.has(one.id)) next.set(one.id, new TerminalSession({ team, environment, service: name }, one))
      return next
    })
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- `key` changes with the ids in `list.data`
  }, [key, team, environment, name])
  useEffect(
    () => () =>
      setSessions((before) => {
        before.forEach((session) => session.close())
        return new Map()
      }),
    [team, environment, name],
  )

  const shown = reconcile(groups, [...sessions.keys()])
  const stand = (next: Groups) => {
    setGroups(next)
    keepGroups(kept, next)
  }
  const refresh = () => queries.invalidateQueries(trpc.terminals.list.queryFilter(at))
  const open = useMutation(trpc.terminals.open.mutationOptions())
  const close = useMutation(trpc.terminals.close.mutationOptions({ onSettled: refresh }))
  const start = (beside: string | null = null) =>
    open.mutate(
      { ...at, instanceId, size: { cols: 100, rows: 30 } },
      {
        onSuccess: async ({ terminalId }) => {
          stand(place(shown, terminalId, beside))
          await refresh()
          setChosen(terminalId)
        },
      },
    )
  const end = (id: string) => {
    if (sessions.get(id)?.state.name !== 'ended') close.mutate({ ...at, terminalId: id })
    sessions.get(id)?.close()
    setSessions((before) => new Map([...before].filter(([each]) => each !== id)))
    stand(shown.map((group) => group.filter((each) => each !== id)).filter((group) => group.length > 0))
  }
  const titles = new Map(
    [...sessions.keys()].map((id, index) => [
      id,
      `${list.data?.find((one) => one.id === id)?.title || 'shell'} ${index + 1}`,
    ]),
  )
  const front = shown.find((group) => chosen !== null && group.includes(chosen)) ?? shown.at(-1)
  const active = chosen !== null && front?.includes(chosen) ? chosen : (front?.at(-1) ?? null)
  const answer = useEffectEvent(() => {
    if (active !== null) sessions.get(active)?.xterm.focus()
    else if (reason === null && key === '' && !open.isPending) start()
  })
  const known = key !== undefined && service !== undefined
  useEffect(() => {
    if (asked > 0 && known) answer()
  }, [asked, known])
  // One that drains has been replaced already, and ends within a minute.
  const instances = new Set(
    service?.instances.flatMap(({ id, state }) => (state === 'draining' || state === 'ended' ? [] : [id])),
  )
  /** A shell goes with its instance: a deployment is the usual reason. */
  const isReplaced = (id: string) => {
    const session = sessions.get(id)
    return service !== undefined && session !== undefined && !instances.has(session.instanceId)
  }

  if (list.isPending && may('service.exec') === null)
    return (
      <p role="status" className="flex items-center gap-2 p-3 text-muted">
        <Spinner className="size-3" />
        Looking for open terminals…
      </p>
    )
  if (front === undefined) {
    return (
      <div className="h-full overflow-y-auto">
        {(open.error ?? list.error) !== null && (
          <div className="p-3">
            <ErrorLine error={open.error ?? list.error} />
          </div>
        )}
        <div className="mx-auto flex max-w-xl flex-wrap items-center gap-x-4 gap-y-3 p-4">
          <SquareTerminal aria-hidden className="size-4 shrink-0 text-muted" />
          <p className="min-w-48 grow basis-0 text-muted">
            {reason ??
              `A shell in the sandbox of ${name} in ${environment}. It keeps running when you leave, reload or lose the connection.`}
          </p>
          <Button kind="primary" busy={open.isPending} reason={reason} onClick={() => start()}>
            Open a terminal
          </Button>
        </div>
      </div>
    )
  }
  return (
    <div className="flex h-full flex-col">
      <div className="flex h-8 shrink-0 items-center gap-1 overflow-x-auto border-b border-border px-2 [scrollbar-width:none]">
        <TerminalTabs groups={shown} front={front} titles={titles} onChoose={setChosen} onEnd={end} />
        <IconButton
          size="small"
          label="Open another terminal"
          busy={open.isPending}
          reason={reason}
          onClick={() => start()}
        >
          <Plus />
        </IconButton>
        <IconButton
          size="small"
          label="Open another terminal next to this one"
          busy={open.isPending}
          reason={reason ?? (front.length >= mostBeside ? `At most ${mostBeside} terminals fit side by side` : null)}
          onClick={() => start(active)}
        >
          <Columns2 />
        </IconButton>
        {open.error !== null && <ErrorLine error={open.error} />}
      </div>
      <div className="relative min-h-0 grow">
        {shown.map((group) => (
          <div
            key={group[0]}
            hidden={group !== front}
            className={clsx('absolute inset-0', group === front && 'flex divide-x divide-border')}
          >
            {group.map((id) => {
              const session = sessions.get(id)
              return (
                session !== undefined && (
                  <TerminalScreen
                    key={id}
                    session={session}
                    title={titles.get(id) ?? ''}
                    hidden={group !== front}
                    active={id === active}
                    replaced={isReplaced(id)}
                    hasCurrent={instances.size > 0}
                    reason={reason}
                    onFocus={() => {
                      if (id !== active) setChosen(id)
                    }}
                    onClose={() => end(id)}
                    onAnother={() => {
                      start()
                      end(id)
                    }}
                    onCurrent={() => start()}
                  />
                )
              )
            })}
          </div>
        ))}
      </div>
    </div>
  )
}

const reasonOf = (can: true | string) => (can === true ? null : can)
