import type { Deployment } from '#contract/records.ts'

export const firstLine = (text: string): string => text.split('\n')[0]?.trim() ?? ''

/** Why one cannot go back to a deployment; null when one can. */
export function whyNotBack({ state, current, kind }: Pick<Deployment, 'state' | 'current' | 'kind'>): string | null {
  if (current) return 'It is live'
  if (state !== 'live') return 'It never became live'
  if (kind === 'restart' || kind === 'scale') return 'It changed no revision: roll back to the deployment before it'
  return null
}

export const routeWords: Record<Deployment['route'], string> = {
  console: 'from the console',
  cli: 'with m3o',
  git: 'by git push',
  platform: 'by the platform',
}

/** The newest earlier one of the same kind that became live: what this one is measured by. */
export function lastLike(deployment: Deployment, all: readonly Deployment[]): Deployment | undefined {
  return (
    all.find(
      (each) => each.createdAt < deployment.createdAt && each.state === 'live' && each.kind === deployment.kind,
    ) ?? all.find((each) => each.createdAt < deployment.createdAt && each.state === 'live')
  )
}

/**
 * Where "one live revision further back" leads, of deployments newest first: a restart or a scaling changes nothing, a
 * rollback takes back what came after its target. Undefined when there is none among them.
 */
export function revisionBefore(newestFirst: readonly Deployment[]): Deployment | undefined {
  const stack: Deployment[] = []
  for (const each of newestFirst.toReversed()) {
    if (each.state !== 'live' || each.kind === 'restart' || each.kind === 'scale') continue
    const back = each.kind === 'rollback' ? stack.findLastIndex(({ commit }) => commit === each.commit) : -1
    if (back >= 0) stack.length = back + 1
    else if (each.kind === 'deploy' && stack.at(-1)?.commit === each.commit) stack[stack.length - 1] = each
    else stack.push(each)
  }
  return stack.at(-2)
}
