'use client'
import { useQueryClient } from '@tanstack/react-query'
import { useRouter } from 'next/navigation'
import { useTransition } from 'react'
import { paths } from '#client/paths.ts'
import { ButtonLink } from '#components/ui/button.tsx'
import { ErrorState } from '#components/ui/error-state.tsx'

export interface ScreenErrorProps {
  error: Error & { digest?: string }
  reset: () => void
}

/** What an `error.tsx` shows. Trying again asks for everything that failed anew. `away`: there is no frame around it to leave by. */
export function ScreenError({ error, reset, away = false }: ScreenErrorProps & { away?: boolean }) {
  const router = useRouter()
  const queries = useQueryClient()
  const [, start] = useTransition()
  const retry = () =>
    start(() => {
      queries.removeQueries({ predicate: ({ state }) => state.status === 'error' })
      router.refresh()
      reset()
    })
  return (
    <ErrorState
      error={error}
      request={error.digest}
      retry={retry}
      action={away && <ButtonLink href={paths.home()}>Go to the console</ButtonLink>}
    />
  )
}
