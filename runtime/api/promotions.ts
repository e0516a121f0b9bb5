import type { Handlers } from '#contract/rpc-types.ts'
import type { runtimeApi } from '#contract/runtime-api.ts'
import type { Deployments } from '../deployments/deployments.ts'
import type { Platform } from '../platform.ts'
import { diffEnvironments } from '../promotions/diff.ts'
import type { Promotions } from '../promotions/promotions.ts'
import { listPromotions, readPromotion } from '../promotions/record.ts'
import { approveRequest, declineRequest, listRequests, requestPromotion } from '../promotions/requests.ts'

type Part = Pick<
  Handlers<typeof runtimeApi>,
  Extract<keyof typeof runtimeApi, `promotions.${string}` | 'environments.diff'>
>

export function promotionHandlers(platform: Platform, deployments: Deployments, promotions: Promotions): Part {
  const { events } = platform
  return {
    'environments.diff': (input) => diffEnvironments(platform, deployments, input),
    'promotions.list': (input) => listPromotions(platform, input),
    'promotions.get': ({ promotionId }) => readPromotion(platform, promotionId),
    'promotions.follow': async function* ({ promotionId }, { signal }) {
      const changes = events.watch(signal)
      // Listening begins before the first reading, so that no change falls between them.
      const next = changes.next()
      let now = await readPromotion(platform, promotionId)
      yield now
      for (let event = await next; !event.done && now.endedAt === null; event = await changes.next()) {
        const { value } = event
        if (value.type === 'promotion' && value.promotion.id === promotionId) now = value.promotion
        else if (value.type === 'deployment' && value.deployment.promotionId === promotionId)
          now = await readPromotion(platform, promotionId)
        else continue
        yield now
      }
    },
    'promotions.start': async ({ route, ...input }, { actor }) => ({
      promotionId: (await promotions.start(actor, { ...input, route })).id,
    }),
    'promotions.request': (wanted, { actor }) => requestPromotion(platform, promotions, actor, wanted),
    'promotions.requests': ({ teamId }) => listRequests(platform, teamId),
    'promotions.approve': (input, { actor }) => approveRequest(platform, promotions, actor, input),
    'promotions.decline': async (input, { actor }) => (await declineRequest(platform, actor, input), { ok: true }),
    'promotions.merge': async (input, { actor }) => ({ deployments: await promotions.merge(actor, input) }),
    'promotions.undo': async ({ promotionId, route }, { actor }) => ({
      promotionId: (await promotions.undo(actor, promotionId, route)).id,
    }),
    'promotions.cancel': async ({ promotionId }, { actor }) => (
      await promotions.cancel(actor, promotionId),
      { ok: true }
    ),
  }
}
