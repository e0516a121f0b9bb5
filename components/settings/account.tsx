'use client'
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import dynamic from 'next/dynamic'
import { type ReactNode, useState } from 'react'
import { useTRPC } from '#client/trpc.ts'
import { setTheme, themes, useTheme } from '#components/frame/theme.ts'
import { useViewer } from '#components/frame/may.ts'
import { Badge } from '#components/ui/badge.tsx'
import { Button } from '#components/ui/button.tsx'
import { PageBody, Panel, Properties, Property, Section } from '#components/ui/page.tsx'
import { Segments } from '#components/ui/segments.tsx'
import { setClock, useClock, useLocalZone } from '#components/ui/zone.ts'
import { toastDone, toastError } from '#client/toasts.ts'
import { Consents } from './consents.tsx'
import { ConfirmYou } from './confirm-you.tsx'
import { LinkedAccounts } from './linked-accounts.tsx'
import { SecondFactors } from './second-factors.tsx'
import { Sessions } from './sessions.tsx'

const ChangePassword = dynamic(() => import('./change-password.tsx').then((module) => module.ChangePassword), {
  ssr: false,
})
const SetPassword = dynamic(() => import('./set-password.tsx').then((module) => module.SetPassword), { ssr: false })
const ChangeName = dynamic(() => import('./change-name.tsx').then((module) => module.ChangeName), { ssr: false })
const ChangeEmail = dynamic(() => import('./change-email.tsx').then((module) => module.ChangeEmail), { ssr: false })

export function Account() {
  const trpc = useTRPC()
  const { person } = useViewer()
  const { data: security } = useSuspenseQuery(trpc.security.read.queryOptions())
  const theme = useTheme()
  const clock = useClock()
  const zone = useLocalZone()
  const [open, setOpen] = useState<'name' | 'email' | 'password' | null>(null)
  const verify = useMutation(
    trpc.security.verifyEmail.mutationOptions({
      onSuccess: ({ mailed }) =>
        toastDone(mailed ? `Sent a link to ${person.email}` : 'An operator of this platform can give you the link'),
      onError: toastError,
    }),
  )
  return (
    <ConfirmYou>
      <PageBody>
        <Section title="You">
          <Panel>
            <Properties>
              <Property name="Name">
                <Line>
                  <span>{person.name}</span>
                  <Button size="small" onClick={() => setOpen('name')}>
                    Change
                  </Button>
                </Line>
              </Property>
              <Property name="Email">
                <Line>
                  <span className="flex min-w-0 flex-wrap items-center gap-x-2">
                    <span className="break-all">{person.email}</span>
                    {security.emailVerified ? (
                      <Badge tone="ok">confirmed</Badge>
                    ) : (
                      <Badge tone="warn">not confirmed</Badge>
                    )}
                  </span>
                  <span className="flex gap-1.5">
                    {!security.emailVerified && (
                      <Button size="small" busy={verify.isPending} onClick={() => verify.mutate()}>
                        Confirm
                      </Button>
                    )}
                    <Button size="small" onClick={() => setOpen('email')}>
                      Change
                    </Button>
                  </span>
                </Line>
              </Property>
              <Property name="Password">
                <Line>
                  <span className="text-muted">{security.hasPassword ? 'stored as a hash' : 'none'}</span>
                  <Button size="small" onClick={() => setOpen('password')}>
                    {security.hasPassword ? 'Change' : 'Set one'}
                  </Button>
                </Line>
              </Property>
              <Property name="Theme">
                <Segments
                  label="Theme"
                  value={theme}
                  options={themes.map((value) => ({
                    value,
                    label: value === 'system' ? 'System' : value === 'light' ? 'Light' : 'Dark',
                  }))}
                  onChange={setTheme}
                />
              </Property>
              <Property name="Times">
                <Segments
                  label="Times"
                  value={clock}
                  options={[
                    { value: 'local', label: `Local (${zone})` },
                    { value: 'utc', label: 'UTC' },
                  ]}
                  onChange={setClock}
                />
              </Property>
            </Properties>
          </Panel>
        </Section>
        <SecondFactors security={security} />
        <LinkedAccounts security={security} />
        <SignIns />
        <Consents />
        {open === 'name' && <ChangeName onDismiss={() => setOpen(null)} />}
        {open === 'email' && <ChangeEmail onDismiss={() => setOpen(null)} />}
        {open === 'password' &&
          (security.hasPassword ? (
            <ChangePassword onDismiss={() => setOpen(null)} />
          ) : (
            <SetPassword onDismiss={() => setOpen(null)} />
          ))}
      </PageBody>
    </ConfirmYou>
  )
}

const Line = ({ children }: { children: ReactNode }) => (
  <span className="flex items-center justify-between gap-2">{children}</span>
)

function SignIns() {
  const trpc = useTRPC()
  const queries = useQueryClient()
  const { data: sessions } = useSuspenseQuery(trpc.person.sessions.queryOptions())
  const endOthers = useMutation(
    trpc.person.endOtherSessions.mutationOptions({
      onSuccess: ({ sessionsEnded }) => {
        toastDone(sessionsEnded === 1 ? '1 other session has ended' : `${sessionsEnded} other sessions have ended`)
        void queries.invalidateQueries(trpc.person.sessions.queryFilter())
      },
      onError: toastError,
    }),
  )
  const reason = sessions.length < 2 ? 'This is the only one' : null
  return (
    <Section
      title="Sessions"
      about="Browsers in which you are signed in."
      actions={
        <Button reason={reason} busy={endOthers.isPending} onClick={() => endOthers.mutate()}>
          End all others
        </Button>
      }
    >
      <Sessions sessions={sessions} />
    </Section>
  )
}
