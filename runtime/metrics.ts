import { count } from 'drizzle-orm'
import { metricsText, type Metric, processMetrics } from '#contract/metrics.ts'
import type { Check } from '#contract/checks.ts'
import { deployments } from '#db/schema.ts'
import type { Platform } from './platform.ts'

const grades = { ok: 1, warn: 0.5, bad: 0 } as const

/** What the platform holds and does, for operators. A database that does not answer leaves out only what is in it. */
export async function runtimeMetrics(
  { db, routing, places }: Pick<Platform, 'db' | 'routing' | 'places'>,
  checks: readonly Check[],
): Promise<string> {
  const instances = Map.groupBy(places.instances.all(), ({ state }) => state)
  const { teams, services, environments } = routing.table
  const gauge = (name: string, help: string, value: number): Metric => ({
    name,
    help,
    type: 'gauge',
    samples: [{ value }],
  })
  const byState = await db
    .select({ state: deployments.state, value: count() })
    .from(deployments)
    .groupBy(deployments.state)
    .catch(() => undefined)
  return metricsText([
    {
      name: 'm3o_healthy',
      help: 'Health of platform dependencies: 1 healthy, 0.5 degraded, 0 failed.',
      type: 'gauge',
      samples: checks.map(({ name, state }) => ({ labels: { check: name }, value: grades[state] })),
    },
    gauge('m3o_teams', 'Teams.', Object.keys(teams).length),
    gauge('m3o_services', 'Services.', Object.keys(services).length),
    gauge('m3o_environments', 'Environments.', Object.keys(environments).length),
    {
      name: 'm3o_instances',
      help: 'Instances by state.',
      type: 'gauge',
      samples: [...instances].map(([state, { length }]) => ({ labels: { state }, value: length })),
    },
    ...(byState === undefined
      ? []
      : [
          {
            name: 'm3o_deployments',
            help: 'Stored deployments by state.',
            type: 'gauge' as const,
            samples: byState.map(({ state, value }) => ({ labels: { state }, value })),
          },
        ]),
    ...processMetrics('runtime'),
  ])
}
