'use client'
import { KeyRound } from 'lucide-react'
import dynamic from 'next/dynamic'
import { type ReactNode, useState } from 'react'
import type { Service } from '#contract/records.ts'
import { useMay } from '#components/frame/may.ts'
import { usePlace } from '#components/frame/place.ts'
import type { Tone } from '#components/ui/badge.tsx'
import { Button } from '#components/ui/button.tsx'

const AskDialog = dynamic(() => import('./ask-dialog.tsx').then((module) => module.AskDialog), { ssr: false })

export function accessBadge({ access }: Pick<Service, 'access'>): { word: string; tone: Tone } | undefined {
  switch (access) {
    case 'needed':
      return { word: 'requires approval', tone: 'idle' }
    case 'asked':
      return { word: 'asked', tone: 'warn' }
    case 'approved':
      return { word: 'approved', tone: 'ok' }
    case 'declined':
      return { word: 'declined', tone: 'bad' }
    case 'revoked':
      return { word: 'revoked', tone: 'bad' }
    case 'read':
      return { word: 'open source', tone: 'idle' }
    default:
      return undefined
  }
}

/** Why its calls are refused, and what to do about it; nothing where they are not. */
export function AccessNotice({ service, name }: { service: Service; name: string }) {
  const { team } = usePlace()
  const may = useMay()
  const [asking, setAsking] = useState(false)
  const { access } = service
  if (access === null || access === 'open' || access === 'approved') return null
  const words: Record<Exclude<typeof access, null | 'open' | 'approved'>, ReactNode> = {
    needed: <>Approval is required: until {team} is approved, its calls get status 403.</>,
    asked: <>{team} has requested approval. Until its team decides, calls get status 403.</>,
    declined: <>Its team has declined {team}: its calls get status 403. You can request approval again.</>,
    revoked: <>Its team has revoked {team}’s approval: its calls get status 403. You can request approval again.</>,
    read: <>You can read and fork its source. Only teams in its audience can call it, and {team} is not.</>,
  }
  return (
    <aside
      aria-label="Access"
      className="flex flex-wrap items-center gap-x-3 gap-y-2 border-b border-border bg-sunken px-4 py-2 sm:px-6"
    >
      <KeyRound aria-hidden className="size-3.5 shrink-0 text-muted" />
      <p className="min-w-0 grow basis-60 text-pretty">{words[access]}</p>
      {access !== 'asked' && access !== 'read' && (
        <Button size="small" kind="primary" reason={may('consumer.ask', null)} onClick={() => setAsking(true)}>
          Request approval
        </Button>
      )}
      {asking && <AskDialog name={name} onDismiss={() => setAsking(false)} />}
    </aside>
  )
}
