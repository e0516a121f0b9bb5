'use client'
import { useMutation } from '@tanstack/react-query'
import { useCallback } from 'react'
import type { Deployment } from '#contract/records.ts'
import { useTRPC } from '#client/trpc.ts'
import { toastError } from '#client/toasts.ts'

/** Cancels a deployment; its state follows over the socket. */
export function useCancel(team: string): (deployment: Pick<Deployment, 'id'>) => void {
  const trpc = useTRPC()
  const { mutate } = useMutation(trpc.deployments.cancel.mutationOptions({ onError: toastError }))
  return useCallback((deployment) => mutate({ team, deploymentId: deployment.id }), [mutate, team])
}
