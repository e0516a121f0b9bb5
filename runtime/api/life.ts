import type { Handlers } from '#contract/rpc-types.ts'
import type { runtimeApi } from '#contract/runtime-api.ts'
import type { Life } from '../environments/life.ts'

type Verb = 'list' | 'create' | 'delete' | 'departed' | 'restore' | 'keep' | 'move'
type Part = Pick<Handlers<typeof runtimeApi>, Extract<keyof typeof runtimeApi, `environments.${Verb}`>>

/** How environments come and go. */
export function lifeHandlers(life: Life): Part {
  return {
    'environments.list': ({ teamId }) => life.list(teamId),
    'environments.create': ({ kind, ...input }, { actor }) =>
      life.create(actor, { ...input, ...(kind !== undefined && { kind }) }),
    'environments.delete': async ({ environmentId }, { actor }) => (
      await life.delete(actor, environmentId),
      { ok: true }
    ),
    'environments.departed': ({ teamId }) => life.departed(teamId),
    'environments.restore': ({ environmentId }, { actor }) => life.restore(actor, environmentId),
    'environments.keep': ({ environmentId }, { actor }) => life.keep(actor, environmentId),
    'environments.move': (input, { actor }) => life.move(actor, input),
  }
}
