import { existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startOnHome } from '../platform/on-home.ts'
import { freePort } from '../platform/processes.ts'
import { startWebProcess } from '../platform/web-process.ts'
import { fault, type Finding } from './fault.ts'
import { AtConsole } from './kept/at-console.ts'
import { Ledger } from './kept/ledger.ts'

/** Debian's `libfaketime`: the clock of one process, not of the machine. Monotonic time goes on as it does. */
const library = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1'
const hour = 3_600
const deployWithinMs = 15_000
const workMs = 4_000
/** Of a service that writes 200 a second. */
const leastLines = 100

export default fault({
  title:
    'The clock of runtime, gateway and web jumps an hour ahead and back while they run: changes, calls, deadlines, expiries, sessions and logs go on',
  full: 2,
  async *run(times) {
    if (!existsSync(library)) throw new Error(`there is no ${library}: apt-get install libfaketime`)
    const folder = mkdtempSync(join(tmpdir(), 'm3o-clock-'))
    const rate = join(folder, 'clock')
    let tick = 0
    const set = (seconds: number) => {
      writeFileSync(rate, `${seconds >= 0 ? '+' : ''}${seconds}\n`)
      // It reads the file again when it is another one.
      utimesSync(rate, ++tick, tick)
    }
    set(0)
    const settings = {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: rate,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
    }
    const platform = await startOnHome(join(folder, 'home'), { gatewayPort: await freePort(), settings })
    try {
      const as = await platform.found()
      const acts = platform.acts(as)
      const ledger = new Ledger(as)
      await ledger.begin(platform)
      await using web = await startWebProcess(platform, as, settings)
      using console = await AtConsole.begin(platform, web, as, 'keeper')
      const minute = await platform.rpc.call('tokens.create', {
        teamId: as.teamId,
        userId: as.userId,
        name: 'half an hour',
        scope: {},
        environmentId: null,
        expiresAt: Date.now() + hour * 500,
      })
      const withToken = (token: string) =>
        platform
          .acts({ ...as, token })
          .call('speaker')
          .then(({ status }) => status)
      const offset = async () =>
        Math.round(
          ((
            await platform.rpc.call('environments.create', {
              teamId: as.teamId,
              name: `t${++tick}`,
              kind: 'shared',
              parentId: as.production,
              ownerId: as.userId,
            })
          ).createdAt -
            Date.now()) /
            1_000,
        )
      for (let round = 1; round <= times; round++) {
        for (const seconds of [hour, 0, -hour, 0]) {
          const name = `${round}: at ${seconds > 0 ? '+' : ''}${seconds / hour} h`
          const over = new AbortController()
          const working = ledger.work(platform, over.signal)
          await delay(500)
          set(seconds)
          const at = performance.now()
          const linesBefore = console.lines
          const failed: string[] = []
          let answered = 0
          while (performance.now() < at + workMs) {
            const { status, body } = await acts.call('speaker')
            if (status === 200) answered++
            else failed.push(`${status} ${body}`)
            await delay(20)
          }
          const began = performance.now()
          const deployed = await acts.deploy('clocked', {
            'index.js': `require('node:http').createServer((request, response) => response.end('${name}')).listen(process.env.PORT, process.env.HOST)`,
          })
          const tookMs = performance.now() - began
          over.abort()
          await working
          const unanswered = await console.work()
          const told = Math.round(
            (Date.parse((await fetch(`http://127.0.0.1:${web.port}/health`)).headers.get('date') ?? '') - Date.now()) /
              1_000,
          )
          const seen = await offset()
          const token = await withToken(minute.secret)
          yield {
            what: `${name}: it is that time for them`,
            held: [seen, told].every((offset) => Math.abs(offset - seconds) < 60),
            measured: `runtime ${seen} s, web ${told} s from the machine's`,
          }
          yield {
            what: `${name}: calls are answered`,
            held: failed.length === 0,
            measured: `${answered} answered, ${failed.length} failed ${failed[0] ?? ''}`,
          }
          yield {
            what: `${name}: a deployment ends in its time`,
            held: deployed.state === 'live' && tookMs < deployWithinMs,
            measured: `${deployed.state} after ${Math.round(tookMs)} ms ${deployed.error?.message ?? ''}`,
          }
          yield {
            what: `${name}: a token of half an hour is good or expired by that clock`,
            held: token === (seconds > 0 ? 401 : 200),
            measured: `${token}`,
          }
          yield {
            what: `${name}: whoever signed in at any of these times is signed in, and others may`,
            held: unanswered.length === 0,
            measured: `${console.windows} windows, ${unanswered.length} refused ${unanswered[0] ?? ''}`,
          }
          yield {
            what: `${name}: a log goes on being shown`,
            held: console.lines - linesBefore > leastLines && console.interruptions.length === 0,
            measured: `${console.lines - linesBefore} lines more; ${console.interruptions.join(', ') || 'no interruption'}`,
          }
          yield await nothingMissing(name, ledger, await ledger.missing(platform, at))
        }
      }
    } finally {
      await platform.stop()
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    }
  },
})

async function nothingMissing(name: string, ledger: Ledger, missing: string[]): Promise<Finding> {
  return {
    what: `${name}: all is there, and logs are in order`,
    held: missing.length === 0,
    measured: missing.slice(0, 6).join('; ') || `${ledger.acknowledged} changes`,
  }
}
