import type { Deployment } from '#contract/records.ts'
import type { OfService } from '#client/paths.ts'

/** Lines of a deployment's revision while it was made; the same for the server that prefetches and the browser. */
export const logQuery = ({ team, environment, service }: OfService, { revision, createdAt, endedAt }: Deployment) => ({
  team,
  environment,
  services: [service],
  revision: [revision],
  since: createdAt,
  order: 'newer' as const,
  limit: 1_000,
  ...(endedAt !== null && { until: endedAt + 1_500 }),
})
