import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { useLive } from '#client/live.ts'
import { useTRPC, useTRPCClient } from '#client/trpc.ts'
import { errorOf } from '#client/errors.ts'
import { PlatformError } from '#contract/errors.ts'
import type { Deployment } from '#contract/records.ts'
import { isUnderWay } from '#contract/states.ts'
import { useShowsDeployment } from '#components/frame/my-deployments.ts'
import { useIde } from './ide.ts'

export interface Deploying {
  start(): void
  /** Asked for, saved, and not done yet. */
  busy: boolean
  /** The last one from here, as it goes. */
  deployment: Deployment | null
  /** Why it did not even begin. */
  error: unknown
}

/** The last deployment that was begun in each editor of this page: it is still shown when one comes back. */
const last = new Map<string, string>()

/** Deploys the draft: saved first, then followed until it is live or has failed. */
export function useDeploy(): Deploying {
  const { at, documents, workspace } = useIde()
  const trpc = useTRPC()
  const queries = useQueryClient()
  const place = `${at.team}/${at.environment}/${at.service}`
  const [id, setId] = useState<string | null>(last.get(place) ?? null)
  const [deployment, setDeployment] = useState<Deployment | null>(null)
  const client = useTRPCClient()
  const left = useRef(false)
  useEffect(() => {
    left.current = false
    return () => {
      left.current = true
    }
  }, [])
  // A save may wait for the network; nobody deploys what its person has walked away from.
  const stay = () => {
    if (left.current)
      throw new PlatformError('cancelled', 'not deployed: you left before the draft was saved', {
        fix: 'Deploy it again.',
      })
  }
  const start = useMutation({
    mutationFn: () =>
      documents.flushInto({
        alone: async () => {
          stay()
          return client.deployments.start.mutate({ ...at, what: { draft: {} } })
        },
        async saving(save) {
          stay()
          const { saved, ...started } = await client.deployments.saveAndStart.mutate({ ...at, ...save })
          return { started, saved }
        },
      }),
    onMutate: () => {
      setId(null)
      setDeployment(null)
    },
    onSuccess: ({ deploymentId }) => {
      setId(deploymentId)
      last.set(place, deploymentId)
      workspace.showPanel('deployment')
    },
    onError: (error) => {
      workspace.showPanel('deployment')
      // The branch moved: the bar that says so offers the way out.
      if (errorOf(error).code === 'conflict') void queries.invalidateQueries(trpc.source.status.pathFilter())
    },
  })
  useLive('deployment', id === null ? null : { team: at.team, deploymentId: id }, (next) => {
    setDeployment(next)
    if (!isUnderWay(next.state)) void queries.invalidateQueries(trpc.source.pathFilter())
  })
  useShowsDeployment(id)
  const busy = start.isPending || (id !== null && (deployment === null || isUnderWay(deployment.state)))
  return {
    start: () => {
      if (!busy) start.mutate()
    },
    busy,
    deployment,
    error: start.error,
  }
}
