import { authorize } from '../authorize.ts'
import { inReach, ownPromotion } from '../routers/promotions.ts'
import { type Input, outliving, type Place, type Running } from './subscription.ts'

export async function followPromotion(
  { web, viewer, sink, signal }: Place,
  { team, promotionId }: Input<'promotion'>,
): Promise<Running> {
  const at = await authorize(web, viewer, 'environment.read', { team }, { listing: true })
  await ownPromotion({ web, viewer, at }, promotionId)
  return {
    done: outliving(signal, async () => {
      for await (const state of web.runtime.stream(
        'promotions.follow',
        { promotionId },
        { actor: viewer.actor, signal },
      ))
        await sink.items(inReach(viewer, state))
    }),
  }
}
