import type { Deployment } from '#contract/records.ts'

export const firstLine = (text: string): string => text.split('\n')[0]?.trim() ?? ''

/** Why one cannot go back to a deployment; null when one can. */
export function whyNotBack({ state, current, kind }: Pick<Deployment, 'state' | 'current' | 'kind'>): string | null {
  if (current) return 'It serves now'
  if (state !== 'live') return 'It never became live'
  if (kind === 'restart' || kind === 'scale') return 'It changed no revision: go back to the deployment before it'
  return null
}

export const routeWords: Record<Deployment['route'], string> = { console: 'from the console', cli: 'with m3o', git: 'by git push', platform: 'by the platform' }

/** The newest earlier one of the same kind that became live: what this one is measured by. */
export function lastLike(deployment: Deployment, all: readonly Deployment[]): Deployment | undefined {
  return all.find((each) => each.createdAt < deployment.createdAt && each.state === 'live' && each.kind === deployment.kind)
    ?? all.find((each) => each.createdAt < deployment.createdAt && each.state === 'live')
}
