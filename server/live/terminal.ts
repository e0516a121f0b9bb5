import type { Duplex } from 'node:stream'
import { PlatformError } from '#contract/errors.ts'
import { authorize } from '../authorize.ts'
import { inletOf, passOn } from './program.ts'
import { type Input, outliving, type Place, type Running } from './subscription.ts'

/** Attaches to an open terminal, and again (with a fresh snapshot) when the runtime was away. Leaving it keeps it open. */
export async function attachTerminal(
  { web, viewer, sink, signal }: Place,
  { terminalId, ...names }: Input<'terminal'>,
): Promise<Running> {
  const at = await authorize(web, viewer, 'service.exec', names)
  const userId = viewer.person.id
  const mine = await web.runtime.call(
    'terminals.list',
    { serviceId: at.serviceId, environmentId: at.environmentId, userId },
    { actor: viewer.actor },
  )
  if (!mine.some(({ id }) => id === terminalId))
    throw new PlatformError('not_found', 'this terminal is closed', { fix: 'Open another one.' })
  const attach = () => web.runtime.duplex('terminals.attach', { terminalId, userId }, { actor: viewer.actor, signal })
  // Subscribed means attached: what is typed from then on has somewhere to go.
  let program: Duplex | undefined = await attach()
  return {
    ...inletOf(() => program),
    done: outliving(signal, async () => {
      program ??= await attach()
      try {
        await passOn(program, sink)
      } finally {
        program = undefined
      }
    }),
  }
}
