import { authorize } from '../authorize.ts'
import { ownDeployment } from '../routers/deployments.ts'
import { type Input, outliving, type Place, type Running } from './subscription.ts'

export async function followDeployment(
  { web, viewer, sink, signal }: Place,
  { team, deploymentId }: Input<'deployment'>,
): Promise<Running> {
  const at = await authorize(web, viewer, 'service.read', { team }, { listing: true })
  await ownDeployment({ web, viewer, at }, deploymentId)
  return {
    done: outliving(signal, async () => {
      for await (const state of web.runtime.stream(
        'deployments.follow',
        { deploymentId },
        { actor: viewer.actor, signal },
      ))
        await sink.items([state])
    }),
  }
}
