'use client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { X } from 'lucide-react'
import { type Outputs, useTRPC } from '#client/trpc.ts'
import { Badge } from '#components/ui/badge.tsx'
import { IconButton } from '#components/ui/button.tsx'
import { Panel } from '#components/ui/page.tsx'
import { Time } from '#components/ui/time.tsx'
import { toastError } from '#client/toasts.ts'
import { browserName } from './browser-name.ts'

export function Sessions({ sessions }: { sessions: Outputs['person']['sessions'] }) {
  const trpc = useTRPC()
  const queries = useQueryClient()
  const end = useMutation(
    trpc.person.endSession.mutationOptions({
      onSuccess: () => queries.invalidateQueries(trpc.person.sessions.queryFilter()),
      onError: toastError,
    }),
  )
  return (
    <Panel>
      <ul className="divide-y divide-border">
        {sessions.map(({ id, userAgent, address, method, seenAt, current }) => (
          <li key={id} className="flex min-h-[38px] items-center gap-3 py-1 pr-1.5 pl-3">
            <span className="min-w-0 truncate" title={userAgent}>
              {browserName(userAgent)}
            </span>
            {current && <Badge tone="ok">this one</Badge>}
            <span className="hidden shrink-0 text-muted md:inline">by {method}</span>
            <span className="hidden font-mono text-small text-muted sm:inline">{address}</span>
            <span className="ml-auto shrink-0 text-muted">
              seen <Time at={seenAt} />
            </span>
            <IconButton
              size="small"
              label={`End the session of ${browserName(userAgent)}`}
              reason={current ? 'Sign out instead' : null}
              onClick={() => end.mutate({ sessionId: id })}
            >
              <X />
            </IconButton>
          </li>
        ))}
      </ul>
    </Panel>
  )
}
