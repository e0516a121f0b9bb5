import { PlatformError } from './errors.ts'
import type { Routed } from './routing.ts'

/*
 * What a protected environment promises of its secrets (docs/decisions/protection-and-overlays.md): an instance that holds one of
 * them, which is not marked as inheritable, serves no call that is made in another environment, and calls no override of another
 * environment: whoever deploys there would be given what it sends.
 */

type Named = Pick<Routed['environments'], 'name' | 'keepsSecrets'>

/** The protected environment that keeps secrets which such a release's instances hold; undefined when none does. */
export function keeperOf(
  { secretsOf }: { secretsOf?: readonly string[] | undefined },
  environment: (id: string) => Named | undefined,
): Named | undefined {
  if (secretsOf === undefined) return undefined
  for (const id of secretsOf) {
    const found = environment(id)
    if (found?.keepsSecrets) return found
  }
  return undefined
}

/** @param at `from`: whose copy it is, `keeper`: whose secrets that holds, `here`: in which environment it is called, or would call */
export function secretsRefusal(
  service: string,
  at: { from: string; keeper: string; here: string },
  way: 'serves' | 'calls',
): PlatformError {
  const { from, keeper, here } = at
  const deed = way === 'serves' ? `does not serve calls made in ${here}` : `does not call what runs in ${here}`
  return new PlatformError(
    'forbidden',
    `${service} in ${from} has secrets of the protected environment ${keeper}: it ${deed}`,
    {
      fix: [
        `Deploy ${service} to ${here} with its own secrets: m3o deploy ${service} --env ${here}.`,
        `Or mark its secrets as inheritable in ${keeper}: m3o secret mark ${service} NAME --inheritable --env ${keeper}.`,
        `Or allow overlays to use them: m3o env protect ${keeper} --overlays.`,
      ].join(' '),
      data: { reason: 'protected_secrets', service, environment: from, keeper },
    },
  )
}
