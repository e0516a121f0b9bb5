'use client'
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import dynamic from 'next/dynamic'
import { useState } from 'react'
import { useTRPC } from '#client/trpc.ts'
import { setTheme, themes, useTheme } from '#components/frame/theme.ts'
import { useViewer } from '#components/frame/may.ts'
import { Button } from '#components/ui/button.tsx'
import { PageBody, Panel, Properties, Property, Section } from '#components/ui/page.tsx'
import { Segments } from '#components/ui/segments.tsx'
import { toastDone, toastError } from '#client/toasts.ts'
import { Sessions } from './sessions.tsx'

const ChangePassword = dynamic(() => import('./change-password.tsx').then((module) => module.ChangePassword), { ssr: false })
const ChangeName = dynamic(() => import('./change-name.tsx').then((module) => module.ChangeName), { ssr: false })

export function Account() {
  const { person } = useViewer()
  const theme = useTheme()
  const [open, setOpen] = useState<'name' | 'password' | null>(null)
  return (
    <PageBody>
      <Section title="You">
        <Panel>
          <Properties>
            <Property name="Name"><Line><span>{person.name}</span><Button size="small" onClick={() => setOpen('name')}>Change</Button></Line></Property>
            <Property name="Email">{person.email}</Property>
            <Property name="Password"><Line><span className="text-muted">kept as a hash</span><Button size="small" onClick={() => setOpen('password')}>Change</Button></Line></Property>
            <Property name="Theme"><Segments label="Theme" value={theme} options={themes.map((value) => ({ value, label: value === 'system' ? 'System' : value === 'light' ? 'Light' : 'Dark' }))} onChange={setTheme} /></Property>
          </Properties>
        </Panel>
      </Section>
      <SignIns />
      {open === 'name' && <ChangeName onDismiss={() => setOpen(null)} />}
      {open === 'password' && <ChangePassword onDismiss={() => setOpen(null)} />}
    </PageBody>
  )
}

const Line = ({ children }: { children: React.ReactNode }) => <span className="flex items-center justify-between gap-2">{children}</span>

function SignIns() {
  const trpc = useTRPC()
  const queries = useQueryClient()
  const { data: sessions } = useSuspenseQuery(trpc.person.sessions.queryOptions())
  const endOthers = useMutation(trpc.person.endOtherSessions.mutationOptions({
    onSuccess: ({ sessionsEnded }) => {
      toastDone(sessionsEnded === 1 ? '1 other session has ended' : `${sessionsEnded} other sessions have ended`)
      void queries.invalidateQueries(trpc.person.sessions.queryFilter())
    },
    onError: toastError,
  }))
  const reason = sessions.length < 2 ? 'This is the only one' : null
  return (
    <Section title="Sessions" about="Browsers in which you are signed in." actions={<Button reason={reason} busy={endOthers.isPending} onClick={() => endOthers.mutate()}>End all others</Button>}>
      <Sessions sessions={sessions} />
    </Section>
  )
}
