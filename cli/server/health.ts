import { request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'

/** Where a process says that it is ready: a unix socket, or an address. */
export type Door = { socketPath: string } | { host: string; port: number }

export async function answersHealth(door: Door, withinMs = 2_000): Promise<boolean> {
  for (const deadline = performance.now() + withinMs; ; await pause(100)) {
    try {
      return (
        (await ask(door, { method: 'GET', path: '/health' }, Math.max(1, Math.ceil(deadline - performance.now()))))
          .status === 200
      )
    } catch (error) {
      // Its queue of new connections is full (connect(2)): it is there, and takes none of them.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || performance.now() + 100 >= deadline) return false
    }
  }
}

/** True once it answers; false when `giveUp` says so or the time is over. */
export async function becomesHealthy(
  door: Door,
  options: { withinMs: number; giveUp: () => boolean },
): Promise<boolean> {
  const deadline = performance.now() + options.withinMs
  // Often at first; a slow machine has better things to do than to answer.
  for (let wait = 20; performance.now() < deadline && !options.giveUp(); wait = Math.min(150, wait * 1.2)) {
    if (await answersHealth(door)) return true
    await pause(wait)
  }
  return false
}

/** Asks the runtime, on its socket, to stop every instance (`platform.shutdown` of contract/runtime-api.ts). */
export async function askShutdown(socketPath: string, withinMs: number): Promise<boolean> {
  return (await askRuntime('platform.shutdown', socketPath, withinMs))?.status === 200
}

/** What its engine has to do without here, in sentences; none when it does not say. */
export async function askWeaknesses(socketPath: string, withinMs: number): Promise<string[]> {
  const answer = await askRuntime('platform.status', socketPath, withinMs)
  if (answer?.status !== 200) return []
  const { isolation = [] } = JSON.parse(answer.body) as { isolation?: { weaker: string | null }[] }
  return isolation.flatMap(({ weaker }) => weaker ?? [])
}

function askRuntime(procedure: string, socketPath: string, withinMs: number): Promise<Answer | undefined> {
  const actor = encodeURIComponent(JSON.stringify({ kind: 'platform', id: 'platform', name: 'M3O' }))
  const headers = { 'content-type': 'application/json', 'm3o-actor': actor }
  return ask({ socketPath }, { method: 'POST', path: `/rpc/${procedure}`, headers, body: '{}' }, withinMs).catch(
    () => undefined,
  )
}

interface Answer {
  status: number | undefined
  body: string
}
interface Question {
  method: string
  path: string
  headers?: Record<string, string>
  body?: string
}

function ask(door: Door, { method, path, headers, body }: Question, withinMs: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { ...door, method, path, headers, agent: false, signal: AbortSignal.timeout(withinMs) },
      (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (part: string) => (text += part))
        answer.once('end', () => resolve({ status: answer.statusCode, body: text })).once('error', reject)
      },
    )
    asked.once('error', reject).end(body)
  })
}
