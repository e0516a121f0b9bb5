import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { isPlatformError } from '#contract/errors.ts'
import { type Inhabitant, type OnHome, startOnHome } from '../platform/on-home.ts'
import { freePort } from '../platform/processes.ts'
import { untilPossible } from '../stack/until.ts'
import { Disk } from './disk/disk.ts'
import { fault, type Finding } from './fault.ts'
import { Ledger } from './kept/ledger.ts'

const fullMs = 8_000
const backWithinMs = 10_000
const callEveryMs = 20
/** What is said when something has run out; all else would be a riddle. */
const readable = new Set(['disk_full', 'unavailable'])

export default fault({
  title:
    'The disk is full and has room again: errors say so, nothing is corrupt, services keep answering, all goes on by itself',
  needsRoot: true,
  full: 4,
  async *run(times) {
    await using disk = new Disk({ sizeMiB: 768 })
    const path = join(disk.path, 'home')
    let platform = await startOnHome(path, { gatewayPort: await freePort() })
    try {
      const as = await platform.found()
      const ledger = new Ledger(as)
      await ledger.begin(platform)
      const hello = await platform.acts(as).deploy('hello', {
        'index.js': `require('node:http').createServer((request, response) => response.end('here')).listen(process.env.PORT, process.env.HOST)`,
      })
      if (hello.state !== 'live') throw new Error(`hello: ${hello.error?.message}`)
      for (let round = 1; round <= times; round++) yield* fill(platform, as, ledger, { disk, round })
      // What was written in the worst of it must also be read by the next start.
      const at = performance.now()
      await platform.kill()
      await disk.unmount()
      disk.mount()
      platform = await startOnHome(path, { gatewayPort: platform.gatewayPort })
      yield await nothingMissing('after the next start', platform, ledger, at)
    } finally {
      await platform.stop().catch(() => {})
    }
  },
})

async function* fill(
  platform: OnHome,
  as: Inhabitant,
  ledger: Ledger,
  { disk, round }: { disk: Disk; round: number },
): AsyncIterable<Finding> {
  const over = new AbortController()
  const failed: string[] = []
  let answered = 0
  const calling = (async () => {
    while (!over.signal.aborted) {
      const answer = await platform
        .acts(as)
        .call('hello')
        .catch((error: unknown) => ({ status: 0, body: String(error) }))
      if (answer.status === 200) answered++
      else failed.push(`${answer.status} ${answer.body}`)
      await delay(callEveryMs)
    }
  })()
  const working = ledger.work(platform, over.signal)
  await delay(1_000)
  const refusals: string[] = []
  const riddles: string[] = []
  const filler = join(disk.path, 'filler')
  const at = performance.now()
  for (const until = at + fullMs; performance.now() < until;) {
    // What is given back meanwhile is taken again.
    fillUp(filler)
    const began = performance.now()
    const error: unknown = await platform.rpc
      .call(
        'services.create',
        { teamId: as.teamId, name: `full-${round}-${refusals.length}`, template: null, ownerId: as.userId },
        { timeoutMs: 20_000 },
      )
      .then(
        () => undefined,
        (refusal: unknown) => refusal,
      )
    const tookMs = performance.now() - began
    if (error === undefined) continue
    const text = isPlatformError(error)
      ? `${error.code}: ${error.message} ${error.fix ?? ''} (${Math.round(tookMs)} ms)`
      : String(error)
    refusals.push(text)
    if (!isPlatformError(error) || !readable.has(error.code) || error.fix === undefined) riddles.push(text)
    await delay(100)
  }
  rmSync(filler)
  const began = performance.now()
  const backMs = await untilPossible(
    'a change is taken',
    async () => {
      await platform.rpc.call('environments.create', {
        teamId: as.teamId,
        name: `back-${round}`,
        kind: 'shared',
        parentId: as.production,
        ownerId: as.userId,
      })
      return performance.now() - began
    },
    { withinMs: 60_000 },
  ).catch(() => Infinity)
  const deployed = await platform
    .acts(as)
    .deploy('after', {
      'index.js': `require('node:http').createServer((request, response) => response.end('${round}')).listen(process.env.PORT, process.env.HOST)`,
    })
    .catch((error: unknown) => ({ state: String(error), error: null }))
  await delay(1_000)
  over.abort()
  await Promise.all([calling, working])
  yield {
    what: `${round}: errors say what has run out`,
    held: riddles.length === 0 && refusals.length > 0,
    measured: `${refusals.length} refusals, ${riddles.length} riddles: ${riddles[0] ?? refusals[0]}`,
  }
  // A service of the test that keeps data ends by itself when it cannot.
  const strange = ledger.refused.splice(0).filter((text) => !/disk is full|does not respond|keeper/.test(text))
  yield {
    what: `${round}: so do those of everything else that is tried`,
    held: strange.length === 0,
    measured: `${strange.length} riddles ${strange[0] ?? ''}`,
  }
  yield {
    what: `${round}: services keep answering`,
    held: failed.length === 0,
    measured: `${answered} answered, ${failed.length} failed ${failed[0] ?? ''}`,
  }
  yield {
    what: `${round}: back within ${backWithinMs / 1000} s`,
    held: backMs <= backWithinMs && deployed.state === 'live',
    measured: `${Math.round(backMs)} ms; a deployment is ${deployed.state} ${deployed.error?.message ?? ''}`,
  }
  yield await nothingMissing(`${round}`, platform, ledger, at)
}

async function nothingMissing(when: string, platform: OnHome, ledger: Ledger, at: number): Promise<Finding> {
  const missing = await ledger.missing(platform, at)
  return {
    what: `${when}: all that was acknowledged is there`,
    held: missing.length === 0,
    measured: missing.length === 0 ? `${ledger.acknowledged} changes` : missing.slice(0, 8).join('; '),
  }
}

/** To the last block. */
function fillUp(path: string): void {
  const file = openSync(path, 'a')
  try {
    for (let size = 4 * 2 ** 20; size >= 4_096;) {
      try {
        if (writeSync(file, Buffer.alloc(size, 1)) < size) size /= 2
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
        size /= 2
      }
    }
  } finally {
    closeSync(file)
  }
}
