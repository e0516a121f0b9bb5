'use client'
import { useMutation, useSuspenseQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { paths } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { Button, ButtonLink } from '#components/ui/button.tsx'
import { ErrorLine } from '#components/ui/error-state.tsx'
import { Field } from '#components/ui/field.tsx'
import { useInFront } from '#components/ui/in-front.ts'
import { Select } from '#components/ui/input.tsx'

/** Lets the command that opened this page act as oneself. It listens on a port of this machine and knows `state`. */
export function ConfirmCommand({ port, state }: { port: number; state: string }) {
  const trpc = useTRPC()
  const { data: me } = useSuspenseQuery(trpc.person.me.queryOptions())
  const [team, setTeam] = useState(me.teams[0]?.name ?? '')
  const confirm = useMutation(
    trpc.person.confirmCommand.mutationOptions({ onSuccess: ({ redirect }) => location.assign(redirect) }),
  )
  const inFront = useInFront()
  const reason = team === '' ? 'You are not in a team yet: create one first' : inFront ? null : 'In a moment'
  return (
    <div className="flex flex-col gap-3">
      <p>
        You are <strong>{me.person.email}</strong>.
      </p>
      <Field label="Team" hint="Change it later with m3o team use.">
        {(control) => (
          <Select
            {...control}
            value={team}
            onChange={(event) => setTeam(event.target.value)}
            className="[&>select]:h-9!"
          >
            {me.teams.map(({ id, name }) => (
              <option key={id} value={name}>
                {name}
              </option>
            ))}
          </Select>
        )}
      </Field>
      {confirm.error !== null && <ErrorLine error={confirm.error} />}
      {confirm.isSuccess ? (
        <p role="status" className="text-ok">
          The command is signed in. You can close this page.
        </p>
      ) : (
        <div className="flex gap-2">
          <Button
            kind="primary"
            className="h-9! grow"
            busy={confirm.isPending}
            reason={reason}
            onClick={() => confirm.mutate({ port, state, team })}
          >
            Sign in the m3o command
          </Button>
          <ButtonLink href={paths.home()} className="h-9!">
            Not me
          </ButtonLink>
        </div>
      )}
    </div>
  )
}
