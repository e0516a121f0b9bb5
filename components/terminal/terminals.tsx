'use client'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { clsx } from 'clsx'
import { Plus, SquareTerminal, X } from 'lucide-react'
import { useEffect, useState } from 'react'
import type { OfService } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { serviceCan } from '#contract/states.ts'
import { useMay } from '#components/frame/may.ts'
import { Button, IconButton } from '#components/ui/button.tsx'
import { ErrorLine } from '#components/ui/error-state.tsx'
import { Spinner } from '#components/ui/spinner.tsx'
import { TerminalScreen } from './screen.tsx'
import { TerminalSession } from './session.ts'

/**
 * Shells in the service's sandbox, in tabs. They live on the platform: after a reload the tabs and their screens are
 * back, and closing a tab is what ends one. Load it lazily: it brings xterm.
 */
export function Terminals({ at, instanceId = null }: { at: OfService; instanceId?: string | null }) {
  const trpc = useTRPC()
  const queries = useQueryClient()
  const may = useMay()
  const { data: service } = useQuery(trpc.services.get.queryOptions(at))
  const reason = may('service.exec') ?? (service === undefined ? 'The service is being loaded' : reasonOf(serviceCan.exec(service.state)))
  const list = useQuery({ ...trpc.terminals.list.queryOptions(at), enabled: may('service.exec') === null })
  const [sessions, setSessions] = useState<ReadonlyMap<string, TerminalSession>>(new Map())
  const [chosen, setChosen] = useState<string | null>(null)
  const ids = list.data?.map(({ id }) => id)
  const key = ids?.join()
  const { team, environment, service: name } = at

  // One session for each that is open on the platform; they go when their tabs do.
  useEffect(() => {
    if (key === undefined) return
    setSessions((before) => {
      const wanted = key === '' ? [] : key.split(',')
      // One that is gone from the platform says so on its screen, until its tab is closed.
      const next = new Map(before)
      for (const id of wanted) if (!next.has(id)) next.set(id, new TerminalSession({ team, environment, service: name }, id))
      return next
    })
  }, [key, team, environment, name])
  useEffect(() => () => setSessions((before) => { before.forEach((session) => session.close()); return new Map() }), [team, environment, name])

  const refresh = () => queries.invalidateQueries(trpc.terminals.list.queryFilter(at))
  const open = useMutation(trpc.terminals.open.mutationOptions({
    onSuccess: async ({ terminalId }) => { await refresh(); setChosen(terminalId) },
  }))
  const close = useMutation(trpc.terminals.close.mutationOptions({ onSettled: refresh }))
  const start = () => open.mutate({ ...at, instanceId, size: { cols: 100, rows: 30 } })
  const end = (id: string) => {
    close.mutate({ ...at, terminalId: id })
    sessions.get(id)?.close()
    setSessions((before) => new Map([...before].filter(([each]) => each !== id)))
  }
  const all = [...sessions]
  const front = all.find(([id]) => id === chosen)?.[0] ?? all.at(-1)?.[0]

  if (list.isPending && may('service.exec') === null) return <p role="status" className="flex items-center gap-2 p-3 text-muted"><Spinner className="size-3" />Looking for open terminals…</p>
  if (all.length === 0) {
    return (
      <div className="h-full overflow-y-auto">
        {(open.error ?? list.error) !== null && <div className="p-3"><ErrorLine error={open.error ?? list.error} /></div>}
        <div className="mx-auto flex max-w-xl flex-wrap items-center gap-x-4 gap-y-3 p-4">
          <SquareTerminal aria-hidden className="size-4 shrink-0 text-muted" />
          <p className="min-w-48 grow basis-0 text-muted">{reason ?? `A shell in ${name}’s sandbox in ${environment}. It lives on when you leave, reload or lose the connection.`}</p>
          <Button kind="primary" busy={open.isPending} reason={reason} onClick={start}>Open a terminal</Button>
        </div>
      </div>
    )
  }
  return (
    <div className="flex h-full flex-col">
      <div className="flex h-8 shrink-0 items-center gap-1 overflow-x-auto border-b border-border px-2 [scrollbar-width:none]">
        <div role="tablist" aria-label="Terminals" className="flex gap-1">
          {all.map(([id], index) => (
            <span key={id} role="presentation" className={clsx('flex items-center rounded-[4px]', id === front ? 'bg-chosen' : 'text-muted hover:bg-hover')}>
              <button type="button" role="tab" aria-selected={id === front} aria-keyshortcuts="Delete" className="h-6 pl-2" onClick={() => setChosen(id)} onKeyDown={(event) => { if (event.key === 'Delete') end(id) }}>{list.data?.find((one) => one.id === id)?.title || 'shell'} {index + 1}</button>
              <span aria-hidden className="flex size-6 cursor-pointer items-center justify-center rounded-[4px] text-muted hover:text-text" onClick={() => end(id)}><X className="size-3" /></span>
            </span>
          ))}
        </div>
        <IconButton size="small" label="Open another terminal" busy={open.isPending} reason={reason} onClick={start}><Plus /></IconButton>
        {open.error !== null && <ErrorLine error={open.error} />}
      </div>
      <div className="relative min-h-0 grow">
        {all.map(([id, session]) => <TerminalScreen key={id} session={session} hidden={id !== front} onClose={() => end(id)} />)}
      </div>
    </div>
  )
}

const reasonOf = (can: true | string) => (can === true ? null : can)
