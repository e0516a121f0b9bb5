import { setTimeout as delay } from 'node:timers/promises'
import { PlatformError } from '#contract/errors.ts'
import { askHealth } from '#contract/health.ts'
import { listeningPorts } from './listening.ts'
import type { Running } from './instances.ts'

/**
 * Resolves when the instance accepts, of which `onListening` is told, and its health path answers with anything but 5xx;
 * `onUnready` is told of each answer that it is not ready yet.
 * @throws PlatformError `check_failed` at the deadline, saying what was seen last; the signal's reason when aborted
 */
export async function waitUntilReady(running: Running, health: string, deadlineMs: number, { signal, onListening = () => {}, onUnready = () => {} }: { signal: AbortSignal; onListening?: () => void; onUnready?: () => void }): Promise<void> {
  const { address, port } = running.placement
  const deadline = performance.now() + deadlineMs
  let seen = 'it does not listen'
  let listens = false
  const heard = () => {
    if (!listens) onListening()
    listens = true
  }
  let said = false
  const saying = running.listens?.then(() => { said = true })
  // Often at first, as what starts quickly is being waited for by somebody; one try costs a third of a millisecond.
  for (let tries = 0; performance.now() < deadline; tries++) {
    signal.throwIfAborted()
    const [silent, pause] = [!said, tries >= 200 ? 50 : saying && !said ? 20 : 5]
    const answer = await askHealth(address, port, health, heard)
    if (typeof answer === 'number' && answer < 500) return
    if (listens) onUnready()
    seen = typeof answer === 'number' ? `${health} answers ${answer}` : answer
    const waiting = delay(pause, undefined, { signal }).catch(() => {})
    await (saying && silent ? Promise.race([saying, waiting]) : waiting)
  }
  signal.throwIfAborted()
  throw new PlatformError('check_failed', `it was not ready within ${deadlineMs / 1000} s: ${seen}`, await fixFor(running, port, health, seen))
}

async function fixFor(running: Running, port: number, health: string, seen: string): Promise<{ fix: string }> {
  if (seen !== 'it does not listen') return { fix: `Make ${health} answer with a status below 500 once the service can work.` }
  const others = (await listeningPorts(running.placement.pid)).filter((other) => other !== port)
  return others.length > 0
    ? { fix: `It listens on port ${others.join(', ')}, but must listen on $PORT (${port} here) at $HOST.` }
    : { fix: 'Make the service listen on $PORT at $HOST, such as server.listen(process.env.PORT, process.env.HOST).' }
}
