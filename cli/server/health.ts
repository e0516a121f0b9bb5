import { request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'

/** Where a process says that it is ready: a unix socket, or an address. */
export type Door = { socketPath: string } | { host: string; port: number }

export async function answersHealth(door: Door): Promise<boolean> {
  const status = await ask(door, { method: 'GET', path: '/health' }, 2_000).catch(() => undefined)
  return status === 200
}

/** True once it answers; false when `giveUp` says so or the time is over. */
export async function becomesHealthy(door: Door, options: { withinMs: number; giveUp: () => boolean }): Promise<boolean> {
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
  const actor = encodeURIComponent(JSON.stringify({ kind: 'platform', id: 'platform', name: 'M3O' }))
  const headers = { 'content-type': 'application/json', 'm3o-actor': actor }
  const status = await ask({ socketPath }, { method: 'POST', path: '/rpc/platform.shutdown', headers, body: '{}' }, withinMs).catch(() => undefined)
  return status === 200
}

interface Question { method: string; path: string; headers?: Record<string, string>; body?: string }

function ask(door: Door, { method, path, headers, body }: Question, withinMs: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request({ ...door, method, path, headers, agent: false, signal: AbortSignal.timeout(withinMs) }, (answer) => {
      answer.resume().once('end', () => resolve(answer.statusCode)).once('error', reject)
    })
    asked.once('error', reject).end(body)
  })
}
