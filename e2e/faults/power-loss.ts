import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../platform/processes.ts'
import { type OnHome, startOnHome } from '../platform/on-home.ts'
import { Disk } from './disk/disk.ts'
import { fault, type Finding } from './fault.ts'
import { Ledger } from './kept/ledger.ts'

/** Of the first start, from an empty disk to a platform that answers. */
const firstStartMs = 4_000
const workMs = 6_000

export default fault({
  title:
    'Power lost at any instant, on a file system that keeps only what was synced: nothing acknowledged is lost, everything opens',
  needsRoot: true,
  full: 20,
  async *run(times) {
    yield* whileWorking(times)
    yield* inFirstStart(Math.ceil(times / 2))
  },
})

/** The same installation all the time, so that what one loss left is there at the next. */
async function* whileWorking(times: number): AsyncIterable<Finding> {
  await using disk = new Disk({ sizeMiB: 2_048 })
  const gatewayPort = await freePort()
  const path = join(disk.path, 'home')
  let platform = await startOnHome(path, { gatewayPort })
  try {
    const as = await platform.found()
    const ledger = new Ledger(as)
    await ledger.begin(platform)
    for (let round = 1; round <= times; round++) {
      const ending = new AbortController()
      const before = ledger.acknowledged
      const working = ledger.work(platform, ending.signal)
      await delay(500 + Math.random() * workMs)
      disk.cutPower()
      const at = performance.now()
      // Whoever still says that something is done must have it on the disk.
      await delay(200)
      const acknowledged = ledger.acknowledged - before
      ending.abort()
      await loseAll(platform, disk)
      await working
      const refused = [...ledger.refused]
      disk.mount()
      const began = performance.now()
      platform = await startOnHome(path, { gatewayPort })
      const readyMs = Math.round(performance.now() - began)
      const missing = [...(await ledger.missing(platform, at)), ...brokenRepositories(path)]
      yield {
        what: `loss ${round}: all that was acknowledged is there`,
        held: missing.length === 0 && acknowledged > 0,
        measured:
          missing.length === 0
            ? `${acknowledged} changes acknowledged, up and looked through in ${seconds(began)}${refused.length > 0 ? `, ${refused.length} refused, such as ${refused.at(-1)}` : ''}`
            : `${missing.slice(0, 12).join('; ')} (${seconds(began)}; ${readyMs} ms)`,
      }
      ledger.refused.length = 0
    }
  } finally {
    await platform.stop().catch(() => {})
  }
}

/** Each time from nothing: whatever is half made must not stand in the way of the next start. */
async function* inFirstStart(times: number): AsyncIterable<Finding> {
  await using disk = new Disk({ sizeMiB: 512 })
  const gatewayPort = await freePort()
  const path = join(disk.path, 'home')
  let started = 0
  let longest = 0
  const failures: string[] = []
  for (let round = 0; round < times; round++) {
    const first = startOnHome(path, { gatewayPort })
    const ended = first.then(
      (platform) => loseAll(platform, disk),
      () => disk.unmount(),
    )
    await delay((firstStartMs * (round + Math.random())) / times)
    disk.cutPower()
    await ended
    disk.mount()
    const began = performance.now()
    try {
      const platform = await startOnHome(path, { gatewayPort })
      started++
      longest = Math.max(longest, performance.now() - began)
      await platform.kill()
    } catch (error) {
      failures.push(String(error))
    }
    await disk.unmount()
    disk.format()
    disk.mount()
  }
  yield {
    what: 'a first start that lost power is made up for by the next',
    held: started === times,
    measured: `${started} of ${times} started, the slowest in ${(longest / 1000).toFixed(1)} s ${failures.join('; ')}`,
  }
}

async function loseAll(platform: OnHome, disk: Disk): Promise<void> {
  await platform.kill()
  await disk.unmount()
}

function brokenRepositories(home: string): string[] {
  return readdirSync(join(home, 'source'))
    .filter((name) => name.endsWith('.git'))
    .flatMap((name) => {
      try {
        execFileSync('git', ['--git-dir', join(home, 'source', name), 'fsck', '--strict', '--no-dangling'], {
          stdio: ['ignore', 'pipe', 'pipe'],
        })
        return []
      } catch (error) {
        return [`the repository ${name}: ${String((error as { stderr?: Buffer }).stderr).trim()}`]
      }
    })
}

const seconds = (since: number) => `${((performance.now() - since) / 1000).toFixed(1)} s`
