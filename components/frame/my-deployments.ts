import { useCallback, useEffect, useRef } from 'react'
import { useViewer } from './may.ts'
import { usePlace } from './place.ts'
import { useTRPCClient } from '#client/trpc.ts'
import type { Deployment, PlatformEvent } from '#contract/records.ts'

/** Deployments whose outcome is on the screen anyway, such as in the editor's panel. */
const shown = new Map<string, number>()

/** While mounted, the screen itself tells how the deployment ends. */
export function useShowsDeployment(id: string | null): void {
  useEffect(() => {
    if (id === null) return
    shown.set(id, (shown.get(id) ?? 0) + 1)
    return () => {
      const left = (shown.get(id) ?? 1) - 1
      if (left > 0) shown.set(id, left)
      else shown.delete(id)
    }
  }, [id])
}

const settleMs = 500

/** Tells the person, on whatever screen, when what they deployed fails, is reverted, or crashes later. For the frame's events. */
export function useMyDeployments(): (event: PlatformEvent) => void {
  const {
    person: { id: me, name },
  } = useViewer()
  const { team } = usePlace()
  const client = useTRPCClient()
  const live = useRef<Promise<Map<string, Deployment>>>(undefined)
  const asked = useRef(new Set<string>())
  useEffect(() => {
    live.current = undefined
  }, [team, me])
  return useCallback(
    (event) => {
      if (event.type === 'deployment' && event.deployment.byId === me) {
        const { deployment } = event
        const { state } = deployment
        if (state === 'failed' || state === 'reverted') announce(deployment, team, state, deployment.error?.message)
        else if (deployment.current && live.current !== undefined)
          void live.current.then((known) => known.set(placeOf(deployment), deployment))
      }
      if (event.type !== 'service' || event.environmentId === null) return
      const place = `${event.serviceId} ${event.environmentId}`
      if (asked.current.has(place)) return
      asked.current.add(place)
      // What runs of mine is asked for when something happens to a service at all, once.
      live.current ??= client.deployments.list.query({ team, by: name, limit: 100 }).then(
        (list) => new Map(list.filter((one) => one.current && one.byId === me).map((one) => [placeOf(one), one])),
        () => new Map(),
      )
      setTimeout(() => {
        asked.current.delete(place)
        void live.current
          ?.then(async (known) => {
            const mine = known.get(place)
            if (mine === undefined) return
            const { state, reason, revision } = await client.services.get.query({
              team,
              environment: mine.environment,
              service: mine.service,
            })
            if (state === 'crashing' && revision === mine.revision)
              announce(mine, team, 'crashing', reason ?? undefined)
          })
          .catch(() => {}) // it is asked again with the next event
      }, settleMs)
    },
    [client, me, name, team],
  )
}

const placeOf = ({ serviceId, environmentId }: Deployment) => `${serviceId} ${environmentId}`

/** What shows it is loaded when there is something to tell. */
function announce(
  deployment: Deployment,
  team: string,
  what: 'failed' | 'reverted' | 'crashing',
  why: string | undefined,
): void {
  void import('./announce-deployment.ts').then(({ announceDeployment }) =>
    announceDeployment(deployment, { team, what, why, isShown: () => shown.has(deployment.id) }),
  )
}
