import type { Routed } from '#contract/routing.ts'
import type { Running } from './instances.ts'
import type { Plan } from './plan.ts'

/** A service in an environment. */
export type At = { serviceId: string; environmentId: string }

/** What the runtime has in mind of a service in an environment where it was deployed. */
export interface Place extends At {
  teamId: string
  /** Of the deployment that serves. */
  plan: Plan
  wanted: 'live' | 'stopped'
  /** Why it is parked; null while it is not. */
  crashing: string | null
  /** Times of its crashes in the last minute. */
  crashes: number[]
  /** After a switch: the deployment before is kept ready until then. */
  watch: { previousId: string; until: number; timer: NodeJS.Timeout } | null
  /** Something is bringing it up: a waiting call waits for this. */
  rising: Promise<void> | null
  restart: NodeJS.Timeout | null
  /** Time of the newest call, or of the switch. */
  usedAt: number
  /** Environments of whose secrets its instances hold some that are not marked as inheritable. */
  secretsOf: readonly string[]
}

export function placeOf(plan: Plan, wanted: Place['wanted'], crashing: string | null): Place {
  const { serviceId, environmentId, teamId } = plan
  return {
    serviceId,
    environmentId,
    teamId,
    plan,
    wanted,
    crashing,
    crashes: [],
    watch: null,
    rising: null,
    restart: null,
    usedAt: Date.now(),
    secretsOf: [],
  }
}

export const placeKey = (at: At): string => `${at.environmentId}/${at.serviceId}`

/** As the gateway has it: when nothing serves but should, a call waits as it does for one asleep. */
export function routedRelease(place: Place, running: readonly Running[]): Routed['releases'] {
  const serving = running.filter((one) => one.deploymentId === place.plan.deploymentId && one.state === 'live')
  const state =
    place.wanted === 'stopped'
      ? 'stopped'
      : place.crashing !== null
        ? 'failed'
        : serving.length === 0
          ? 'asleep'
          : 'live'
  return {
    environmentId: place.environmentId,
    serviceId: place.serviceId,
    deploymentId: place.plan.deploymentId,
    revision: place.plan.commit.slice(0, 7),
    state,
    reason: state === 'stopped' ? `${place.plan.service} was stopped in ${place.plan.environment}` : place.crashing,
    instances:
      state === 'live'
        ? serving.map(({ id, placement }) => ({ id, address: placement.address, port: placement.port }))
        : [],
    ...(place.secretsOf.length > 0 && { secretsOf: [...place.secretsOf] }),
  }
}
