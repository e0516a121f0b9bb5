'use client'
import { useMutation } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { LinkKind } from '#contract/people.ts'
import { paths } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { Button, ButtonLink } from '#components/ui/button.tsx'
import { ErrorLine } from '#components/ui/error-state.tsx'
import { Skeleton } from '#components/ui/skeleton.tsx'
import { ConfirmAddress, NewPassword, SignInByLink, SignUpForm } from './message-forms.tsx'

const forms = {
  verify: ConfirmAddress,
  email: ConfirmAddress,
  reset: NewPassword,
  link: SignInByLink,
  'sign-up': SignUpForm,
} as const satisfies Record<LinkKind, unknown>

/**
 * Behind the link of a message. Its code stands after the `#`, which no server is sent, and leaves the address at once. Nothing
 * is done before a person says so: programs that look at people's mail open links, too.
 */
export function ByMessage() {
  const trpc = useTRPC()
  const [code, setCode] = useState<string | null>(null)
  const read = useMutation(trpc.signIn.readCode.mutationOptions())
  useEffect(() => {
    const given = location.hash.slice(1)
    // The page's own state keeps it, for as long as it is open.
    history.replaceState(history.state, '', location.pathname)
    setCode(given)
    if (given !== '') read.mutate({ code: given })
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- the code is read once, when the page opens
  }, [])
  if (code === '') return <Refused error={null} />
  if (read.error !== null)
    return <Refused error={read.error} {...(code !== null && { again: () => read.mutate({ code }) })} />
  if (code === null || read.data === undefined)
    return (
      <div role="status" aria-label="Loading the link" className="flex flex-col gap-3">
        <Skeleton className="h-9 w-full" />
        <Skeleton className="h-9 w-full" />
      </div>
    )
  const Form = forms[read.data.kind]
  return <Form code={code} email={read.data.email} kind={read.data.kind} />
}

function Refused({ error, again }: { error: unknown; again?: () => void }) {
  return (
    <div className="flex flex-col gap-3">
      {error === null ? (
        <p>This link has no code: open the complete link from the message.</p>
      ) : (
        <ErrorLine error={error} />
      )}
      <div className="flex gap-2">
        <ButtonLink href={paths.signIn()} className="h-9!">
          Go to the sign-in page
        </ButtonLink>
        {again !== undefined && (
          <Button className="h-9!" onClick={again}>
            Try again
          </Button>
        )}
      </div>
    </div>
  )
}
