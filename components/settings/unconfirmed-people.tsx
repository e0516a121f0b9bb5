import type { Person } from '#contract/records.ts'
import { toastDone, toastError } from '#client/toasts.ts'
import { useTRPCClient } from '#client/trpc.ts'
import { Button } from '#components/ui/button.tsx'
import { Panel, Section } from '#components/ui/page.tsx'
import { Time } from '#components/ui/time.tsx'
import { useConfirmedMutation } from './confirm-you.tsx'

/** For operators: people who got an account by a link that somebody else had seen, too. */
export function UnconfirmedPeople({
  people,
  onConfirmed,
}: {
  people: (Person & { createdAt: number })[]
  onConfirmed: () => void
}) {
  const client = useTRPCClient()
  const confirm = useConfirmedMutation(
    ({ id, email }: Person) => client.platform.confirmPerson.mutate({ userId: id, email }),
    {
      onSuccess: (_done, { email }) => {
        toastDone(`Confirmed ${email}`)
        onConfirmed()
      },
      onError: toastError,
    },
  )
  if (people.length === 0) return null
  return (
    <Section
      title="Unconfirmed people"
      about="These addresses are not verified, so services do not get them. Confirm an account only after you have asked its owner."
    >
      <Panel>
        <ul className="divide-y divide-border" aria-label="Unconfirmed people">
          {people.map((person) => (
            <li key={person.id} className="flex min-h-[38px] flex-wrap items-center gap-x-3 gap-y-0.5 py-1 pr-1.5 pl-3">
              <span className="min-w-0 font-medium break-all">{person.email}</span>
              <span className="min-w-0 break-words text-muted">{person.name}</span>
              <span className="ml-auto flex shrink-0 items-center gap-2">
                <Time at={person.createdAt} className="text-muted" />
                <Button
                  size="small"
                  aria-label={`Confirm ${person.email}`}
                  busy={confirm.isPending && confirm.variables.id === person.id}
                  onClick={() => confirm.mutate(person)}
                >
                  Confirm
                </Button>
              </span>
            </li>
          ))}
        </ul>
      </Panel>
    </Section>
  )
}
