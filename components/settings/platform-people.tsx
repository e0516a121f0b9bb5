'use client'
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import dynamic from 'next/dynamic'
import { useState } from 'react'
import type { SignUp } from '#contract/people.ts'
import { toastError } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import { Button } from '#components/ui/button.tsx'
import { CopyButton } from '#components/ui/copy-button.tsx'
import { Panel, Properties, Property, Section } from '#components/ui/page.tsx'
import { Segments } from '#components/ui/segments.tsx'
import { ConfirmYou } from './confirm-you.tsx'
import { UnconfirmedPeople } from './unconfirmed-people.tsx'
import { WaitingMessages } from './waiting-messages.tsx'

const RemoveFactors = dynamic(() => import('./remove-factors.tsx').then((module) => module.RemoveFactors), {
  ssr: false,
})

const signUpWords: Readonly<Record<SignUp, string>> = {
  open: 'Anyone who can confirm an email address gets an account.',
  invitation: 'Only people who are invited to a team get an account.',
  closed: 'No new accounts, even with an invitation.',
}

/** For operators: how people get in, and the links that they have to pass on. */
export function PlatformPeople() {
  const trpc = useTRPC()
  const queries = useQueryClient()
  const {
    data: { signUp, mail, providers, messages, unconfirmed },
  } = useSuspenseQuery(trpc.platform.people.queryOptions())
  const refresh = () => void queries.invalidateQueries(trpc.platform.people.queryFilter())
  const setSignUp = useMutation(trpc.platform.setSignUp.mutationOptions({ onSuccess: refresh, onError: toastError }))
  const [removing, setRemoving] = useState(false)
  const chosen = setSignUp.isPending ? setSignUp.variables.signUp : signUp
  return (
    <ConfirmYou>
      {removing && <RemoveFactors onDismiss={() => setRemoving(false)} />}
      <Section title="People" about="Who can create an account. Existing accounts are not affected.">
        <Panel>
          <Properties>
            <Property name="Sign-up">
              <Segments
                label="Sign-up"
                value={chosen}
                options={[
                  { value: 'open', label: 'Open' },
                  { value: 'invitation', label: 'By invitation' },
                  { value: 'closed', label: 'Closed' },
                ]}
                onChange={(value) => setSignUp.mutate({ signUp: value })}
              />
              <span className="mt-1 block text-small text-pretty text-muted">
                {signUpWords[chosen]}
                {chosen === 'open' && mail === undefined && ' Without a mail server, you pass the links on.'}
              </span>
            </Property>
            <Property name="Mail">
              {mail === undefined ? (
                <span className="text-muted">
                  No mail server: links wait below. Set <code>M3O_SMTP_URL</code> and <code>M3O_MAIL_FROM</code>.
                </span>
              ) : (
                <>
                  from <code className="text-small break-all">{mail.from}</code> by{' '}
                  <code className="text-small break-all">{mail.host}</code>
                </>
              )}
            </Property>
            <Property name="Lost second factor">
              <span className="flex items-center justify-between gap-2">
                <span className="text-muted">For a person who lost both the second factor and the recovery codes.</span>
                <Button size="small" onClick={() => setRemoving(true)}>
                  Remove it
                </Button>
              </span>
            </Property>
            {providers.length === 0 && (
              <Property name="Providers">
                <span className="text-muted">
                  None: set <code>M3O_GITHUB_…</code>, <code>M3O_GOOGLE_…</code> or <code>M3O_OIDC_…</code>.
                </span>
              </Property>
            )}
            {providers.map(({ id, name, callback }) => (
              <Property key={id} name={name}>
                <span className="flex items-center justify-between gap-2">
                  <span className="min-w-0 text-small">
                    comes back to <code className="break-all">{callback}</code>
                  </span>
                  <CopyButton text={callback} label={`Copy the address that ${name} comes back to`} />
                </span>
              </Property>
            ))}
          </Properties>
        </Panel>
      </Section>
      <UnconfirmedPeople people={unconfirmed} onConfirmed={refresh} />
      <WaitingMessages messages={messages} mailed={mail !== undefined} refresh={refresh} />
    </ConfirmYou>
  )
}
