'use client'
import { useQueryClient } from '@tanstack/react-query'
import { useRouter } from 'next/navigation'
import { type ReactNode, useTransition } from 'react'
import { ErrorState } from '#components/ui/error-state.tsx'

export interface ScreenErrorProps {
  error: Error & { digest?: string }
  reset: () => void
}

/** What an `error.tsx` shows. Trying again asks for everything that failed anew. */
export function ScreenError({ error, reset, action }: ScreenErrorProps & { action?: ReactNode }) {
  const router = useRouter()
  const queries = useQueryClient()
  const [, start] = useTransition()
  const retry = () => start(() => {
    queries.removeQueries({ predicate: ({ state }) => state.status === 'error' })
    router.refresh()
    reset()
  })
  return <ErrorState error={error} request={error.digest} retry={retry} action={action} />
}
