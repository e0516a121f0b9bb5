import { authorize } from '../authorize.ts'
import { inletOf, passOn } from './program.ts'
import type { Input, Place, Running } from './subscription.ts'

/** Runs a command in an instance's sandbox; it ends with its caller. */
export async function execute(
  { web, viewer, sink, signal }: Place,
  { instanceId, command, tty, ...names }: Input<'exec'>,
): Promise<Running> {
  const { serviceId, environmentId } = await authorize(web, viewer, 'service.exec', names)
  const program = await web.runtime.duplex(
    'instances.exec',
    { serviceId, environmentId, instanceId, command, tty },
    { actor: viewer.actor, signal },
  )
  return { ...inletOf(() => program), done: passOn(program, sink).then((exit) => sink.items([exit])) }
}
