import { setTimeout as delay } from 'node:timers/promises'
import { PlatformError } from '#contract/errors.ts'
import { askHealth } from '#contract/health.ts'
import type { PortOwner } from '../engines/engine.ts'
import type { Running } from './instances.ts'

/**
 * Resolves when the instance accepts, of which `onListening` is told, and its health path answers with anything but 5xx. Who answers
 * is believed when the port is the instance's own: another process may have taken it before. `onUnready` is told of each answer that it is not ready yet.
 * @throws PlatformError `check_failed` at the deadline, saying what was seen last; the signal's reason when aborted
 */
export async function waitUntilReady(
  running: Running,
  health: string,
  deadlineMs: number,
  {
    signal,
    onListening = () => {},
    onUnready = () => {},
  }: { signal: AbortSignal; onListening?: () => void; onUnready?: () => void },
): Promise<void> {
  const { address, port } = running.placement
  const deadline = performance.now() + deadlineMs
  let seen = 'it does not listen'
  let listens = false
  let owner = Promise.resolve<PortOwner>('nobody')
  const accepted = () => {
    owner = running.portOwner()
    owner.then(
      (who) => {
        if (who !== 'own') return
        if (!listens) onListening()
        listens = true
      },
      () => {},
    ) // seen below
  }
  let said = false
  const saying = running.listens?.then(() => {
    said = true
  })
  // Often at first, as what starts quickly is being waited for by somebody; one try costs a third of a millisecond.
  for (let tries = 0; performance.now() < deadline; tries++) {
    signal.throwIfAborted()
    const [silent, pause] = [!said, tries >= 200 ? 50 : saying && !said ? 20 : 5]
    owner = Promise.resolve<PortOwner>('nobody')
    const answer = await askHealth(address, port, health, accepted)
    const who = await owner
    if (who === 'own' && typeof answer === 'number' && answer < 500) return
    if (listens) onUnready()
    seen = who === 'other' ? takenPort : typeof answer === 'number' ? `${health} returns ${answer}` : answer
    const waiting = delay(pause, undefined, { signal }).catch(() => {})
    await (saying && silent ? Promise.race([saying, waiting]) : waiting)
  }
  signal.throwIfAborted()
  throw new PlatformError(
    'check_failed',
    `it was not ready within ${deadlineMs / 1000} s: ${seen}`,
    await fixFor(running, port, health, seen),
  )
}

const takenPort = 'another process listens on its port'

async function fixFor(running: Running, port: number, health: string, seen: string): Promise<{ fix: string }> {
  if (seen === takenPort) return { fix: 'Deploy again to get another port, or stop the process that listens on it.' }
  if (seen !== 'it does not listen')
    return { fix: `Make ${health} return a status below 500 once the service is ready.` }
  const others = (await running.ports()).filter((other) => other !== port)
  return others.length > 0
    ? { fix: `It listens on port ${others.join(', ')}, but must listen on $PORT (${port} here) at $HOST.` }
    : { fix: 'Make the service listen on $PORT at $HOST, such as server.listen(process.env.PORT, process.env.HOST).' }
}
