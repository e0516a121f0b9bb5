'use client'
import { useQueryClient } from '@tanstack/react-query'
import { X } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useState } from 'react'
import { toastError } from '#client/toasts.ts'
import { type Outputs, useTRPC, useTRPCClient } from '#client/trpc.ts'
import { Button, IconButton } from '#components/ui/button.tsx'
import { Panel, Section } from '#components/ui/page.tsx'
import { StateMark } from '#components/ui/state-mark.tsx'
import { Time } from '#components/ui/time.tsx'
import { useConfirmedMutation } from './confirm-you.tsx'

const SetUpApp = dynamic(() => import('./set-up-app.tsx').then((module) => module.SetUpApp), { ssr: false })
const AddPasskey = dynamic(() => import('./add-passkey.tsx').then((module) => module.AddPasskey), { ssr: false })
const RecoveryCodes = dynamic(() => import('./recovery-codes.tsx').then((module) => module.RecoveryCodes), {
  ssr: false,
})
const Confirm = dynamic(() => import('#components/ui/confirm.tsx').then((module) => module.Confirm), { ssr: false })

export type Security = Outputs['security']['read']

/** An app, passkeys, and what helps when both are lost. */
export function SecondFactors({ security }: { security: Security }) {
  const trpc = useTRPC()
  const client = useTRPCClient()
  const queries = useQueryClient()
  const [open, setOpen] = useState<
    'app' | 'passkey' | 'renew' | { remove: 'app' | { id: string; name: string } } | { codes: string[] } | null
  >(null)
  const refresh = () => void queries.invalidateQueries(trpc.security.pathFilter())
  const added = ({ recoveryCodes }: { recoveryCodes: string[] }) => {
    refresh()
    setOpen(recoveryCodes.length > 0 ? { codes: recoveryCodes } : null)
  }
  const remove = useConfirmedMutation(
    async (what: 'app' | { id: string }) =>
      what === 'app'
        ? client.security.removeTotp.mutate()
        : client.security.removePasskey.mutate({ passkeyId: what.id }),
    {
      onSuccess: () => {
        refresh()
        setOpen(null)
      },
    },
  )
  const renew = useConfirmedMutation((_: object) => client.security.renewRecovery.mutate(), {
    onSuccess: added,
    onError: toastError,
  })
  const removing = open !== null && typeof open === 'object' && 'remove' in open ? open.remove : null
  const last = (security.totp ? 1 : 0) + security.passkeys.length === 1
  const has = security.totp || security.passkeys.length > 0
  return (
    <Section
      title="Second factor"
      about={
        has
          ? 'Required after your password. A passkey also signs you in without a password.'
          : 'Protects your account if someone learns your password. A passkey also signs you in without a password.'
      }
      actions={<Button onClick={() => setOpen('passkey')}>Add a passkey</Button>}
    >
      <Panel>
        <ul className="divide-y divide-border">
          <li className="flex min-h-[38px] items-center gap-3 py-1 pr-1.5 pl-3">
            <span className="min-w-0 grow">
              <StateMark
                tone={security.totp ? 'ok' : 'idle'}
                shape={security.totp ? 'full' : 'ring'}
                word="Authenticator app"
              />
            </span>
            {security.totp ? (
              <Button size="small" onClick={() => setOpen({ remove: 'app' })}>
                Remove
              </Button>
            ) : (
              <Button size="small" onClick={() => setOpen('app')}>
                Set up
              </Button>
            )}
          </li>
          {security.passkeys.map(({ id, name, createdAt, usedAt }) => (
            <li key={id} className="flex min-h-[38px] items-center gap-3 py-1 pr-1.5 pl-3">
              <span className="flex min-w-0 items-center gap-1.5">
                <StateMark compact tone="ok" shape="full" word="in use" />
                <span className="truncate">Passkey · {name}</span>
              </span>
              <span className="ml-auto shrink-0 text-muted">
                {usedAt === null ? (
                  <>
                    added <Time at={createdAt} />
                  </>
                ) : (
                  <>
                    used <Time at={usedAt} />
                  </>
                )}
              </span>
              <IconButton
                size="small"
                label={`Remove the passkey ${name}`}
                onClick={() => setOpen({ remove: { id, name } })}
              >
                <X />
              </IconButton>
            </li>
          ))}
          {has && (
            <li className="flex min-h-[38px] items-center gap-3 py-1 pr-1.5 pl-3">
              <span className="min-w-0 grow">
                <StateMark
                  tone={security.recoveryCodes > 2 ? 'ok' : 'warn'}
                  shape={security.recoveryCodes > 2 ? 'full' : 'triangle'}
                  word={`${security.recoveryCodes} recovery ${security.recoveryCodes === 1 ? 'code' : 'codes'} left`}
                />
              </span>
              <Button size="small" busy={renew.isPending} onClick={() => setOpen('renew')}>
                Create new codes
              </Button>
            </li>
          )}
        </ul>
      </Panel>
      {open === 'app' && <SetUpApp onDone={added} onDismiss={() => setOpen(null)} />}
      {open === 'passkey' && <AddPasskey onDone={added} onDismiss={() => setOpen(null)} />}
      {open === 'renew' && (
        <Confirm
          title="Create new recovery codes?"
          action="Create new codes"
          busy={renew.isPending}
          error={null}
          onConfirm={() => renew.mutate({})}
          onDismiss={() => setOpen(null)}
        >
          <p>Your current codes stop working.</p>
        </Confirm>
      )}
      {open !== null && typeof open === 'object' && 'codes' in open && (
        <RecoveryCodes codes={open.codes} onDismiss={() => setOpen(null)} />
      )}
      {removing !== null && (
        <Confirm
          title={removing === 'app' ? 'Remove the authenticator app?' : `Remove the passkey ${removing.name}?`}
          action="Remove it"
          busy={remove.isPending}
          error={remove.error}
          onConfirm={() => remove.mutate(removing)}
          onDismiss={() => {
            remove.reset()
            setOpen(null)
          }}
        >
          <p>
            {last
              ? 'It is your only second factor: afterwards, your password is enough to sign in.'
              : 'Your other second factors stay.'}
          </p>
        </Confirm>
      )}
    </Section>
  )
}
