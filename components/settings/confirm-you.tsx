'use client'
import { useMutation } from '@tanstack/react-query'
import dynamic from 'next/dynamic'
import { createContext, type ReactNode, useCallback, useContext, useState } from 'react'
import { errorOf } from '#client/errors.ts'

type Guard = <T>(change: () => Promise<T>) => Promise<T>

const ConfirmDialog = dynamic(() => import('./confirm-dialog.tsx').then((module) => module.ConfirmDialog), {
  ssr: false,
})
const Confirming = createContext<Guard>((change) => change())

/** What changes how one signs in is asked for again, once its person has shown that they are there. */
export function ConfirmYou({ children }: { children: ReactNode }) {
  const [asked, setAsked] = useState<{ go: () => void; stop: () => void } | null>(null)
  const guard = useCallback<Guard>(async (change) => {
    try {
      return await change()
    } catch (error) {
      if (errorOf(error).data?.confirm !== true) throw error
      const confirmed = await new Promise<boolean>((resolve) =>
        setAsked({ go: () => resolve(true), stop: () => resolve(false) }),
      )
      setAsked(null)
      if (!confirmed) throw error
      return change()
    }
  }, [])
  return (
    <Confirming value={guard}>
      {children}
      {asked !== null && <ConfirmDialog onDone={asked.go} onDismiss={asked.stop} />}
    </Confirming>
  )
}

/** A mutation that asks who is there when it must. */
export function useConfirmedMutation<Given, Done>(
  change: (given: Given) => Promise<Done>,
  options: { onSuccess?: (done: Done, given: Given) => void; onError?: (error: Error) => void } = {},
) {
  const guard = useContext(Confirming)
  return useMutation({ mutationFn: (given: Given) => guard(() => change(given)), ...options })
}
