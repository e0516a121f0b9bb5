import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { errorFromBody, isPlatformError } from '#contract/errors.ts'
import { untilPossible } from '../stack/until.ts'
import { fault, type Finding } from './fault.ts'
import { startTarget, type Target } from './fuzz/target.ts'
import { Ledger } from './kept/ledger.ts'
import { Crowd } from './load/crowd.ts'
import { KeptCaller } from './load/kept-caller.ts'

const exhaustedMs = 6_000
const backWithinMs = 10_000
const callEveryMs = 20
/** Connections that come to who is exhausted: more than it could close of its own. */
const crowded = 100
const environmentsPath = `/api/trpc/environments.list?input=${encodeURIComponent('{"team":"crew"}')}`

export default fault({
  title:
    'File descriptors exhausted, of each process in turn: errors say so, services keep answering, all goes on by itself',
  full: 2,
  async *run(times) {
    await using target = await startTarget()
    const ledger = new Ledger(target.as)
    await ledger.begin(target.platform)
    await target.platform.acts(target.as).deploy('seldom', {
      'index.js': `require('node:http').createServer((request, response) => response.end('here')).listen(process.env.PORT, process.env.HOST)`,
    })
    await target.warm()
    for (let round = 1; round <= times; round++) {
      for (const name of ['runtime', 'web', 'gateway'] as const) {
        yield* exhaust(target, name, ledger)
        yield* target.findings()
      }
    }
    const missing = await ledger.missing(target.platform, performance.now())
    yield {
      what: 'all that was acknowledged is there',
      held: missing.length === 0,
      measured: missing.slice(0, 6).join('; ') || `${ledger.acknowledged} changes`,
    }
  },
})

async function* exhaust(target: Target, name: 'runtime' | 'web' | 'gateway', ledger: Ledger): AsyncIterable<Finding> {
  const { platform, as } = target
  const pid = target.pidOf(name)
  const over = new AbortController()
  const unanswered: string[] = []
  const riddles: string[] = []
  const told = new Map<string, number>()
  let answered = 0
  const call = () =>
    platform
      .acts(as)
      .call('hello')
      .then(
        ({ status, body }) => (status === 200 ? undefined : `${status} ${body}`),
        (error: unknown) => String(error),
      )
  const calling = (async () => {
    while (!over.signal.aborted) {
      const failure = await Promise.race([call(), delay(5_000, 'no answer within 5 s')])
      if (failure === undefined) answered++
      else unanswered.push(failure)
      await delay(callEveryMs)
    }
  })()
  const working = ledger.work(platform, over.signal)
  using keptGateway = new KeptCaller(platform.gatewayPort, as.token)
  using keptWeb = new KeptCaller(target.webPort, as.token)
  const askKept = () => Promise.all([keptGateway.ask('/v1/hello/x'), keptWeb.ask(environmentsPath)])
  await askKept()
  await delay(300)
  const before = Number(/^Max open files\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.[1])
  // No more than it has open; and whatever it closes, another takes.
  const open = readdirSync(`/proc/${pid}/fd`).length
  limit(pid, open)
  const port = name === 'gateway' ? platform.gatewayPort : target.webPort
  using crowd = new Crowd(port, name === 'runtime' ? 0 : crowded)
  let turnedAway = 0
  for (const deadline = performance.now() + exhaustedMs; performance.now() < deadline; await delay(100)) {
    await askKept()
    // Of a service that the gateway may have no connection to.
    await keptGateway.ask('/v1/seldom/x')
    if (await isTurnedAway(port)) turnedAway++
    for (const ask of [
      () => askWeb(target),
      () =>
        platform.rpc.call(
          'services.create',
          {
            teamId: as.teamId,
            name: `d${Math.random().toString(36).slice(2, 12)}`,
            template: null,
            ownerId: as.userId,
          },
          { timeoutMs: 5_000 },
        ),
    ]) {
      const error: unknown = await Promise.race([
        ask().then(
          () => undefined,
          (refusal: unknown) => refusal,
        ),
        delay(6_000, new Error('no answer within 6 s')),
      ])
      if (error === undefined) continue
      const text = isPlatformError(error) ? `${error.code}: ${error.message}` : String(error)
      told.set(text, (told.get(text) ?? 0) + 1)
      if (isPlatformError(error) && error.code === 'internal') riddles.push(text)
    }
  }
  crowd[Symbol.dispose]()
  // Had it ended, that is what is found below.
  if (existsSync(`/proc/${pid}`)) limit(pid, before)
  const began = performance.now()
  const backMs = await untilPossible(
    'all answers again',
    async () => {
      await askWeb(target)
      await platform.rpc.call('environments.list', { teamId: as.teamId })
      return (await call()) === undefined && performance.now() - began
    },
    { withinMs: 30_000 },
  ).catch(() => Infinity)
  over.abort()
  await Promise.all([calling, working])
  const without =
    name === 'runtime'
      ? [...told].reduce((sum, [text, count]) => sum + (text.includes('file descriptor') ? count : 0), 0)
      : turnedAway
  yield {
    what: `${name}: it had none left`,
    held: without > 0,
    measured: `${without} times, with ${open} open${crowd.turnedAway > 0 ? `; of the crowd ${crowd.turnedAway} turned away` : ''}`,
  }
  const broken = [...keptGateway.failures, ...keptGateway.riddles, ...keptWeb.failures, ...keptWeb.riddles]
  yield {
    what: `${name}: whoever has a connection is answered, or told why not`,
    held: broken.length === 0,
    measured:
      inWords(keptGateway, 'gateway') +
      '; ' +
      inWords(keptWeb, 'web') +
      (broken.length > 0 ? `; ${broken.length} riddles, such as ${broken[0]}` : ''),
  }
  yield {
    what: `${name}: no error is a riddle`,
    held: riddles.length === 0,
    measured: [...told].map(([text, count]) => `${count} × ${text}`).join('; ') || 'nothing was refused',
  }
  // One that takes no connection answers none: the gateway's own callers wait, or are told so by the system.
  yield {
    what: `${name}: services keep answering`,
    held: name === 'gateway' ? answered > 0 : unanswered.length === 0,
    measured: `${answered} answered, ${unanswered.length} not ${unanswered[0] ?? ''}`,
  }
  yield {
    what: `${name}: back within ${backWithinMs / 1000} s`,
    held: backMs <= backWithinMs,
    measured: `${Math.round(backMs)} ms`,
  }
}

function inWords({ answers }: KeptCaller, by: string): string {
  const refused = answers.filter(({ status }) => status !== 200)
  return `${answers.length} answers of the ${by}, ${refused.length} of them refusals${refused[0] === undefined ? '' : ` such as ${refused[0].status} ${refused[0].body.slice(0, 200)}`}`
}

/** The system takes a connection on behalf of who listens, who then closes it or never says a word. */
function isTurnedAway(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => void socket.write('GET /health HTTP/1.1\r\nhost: x\r\n\r\n'))
    const done = (away: boolean) => {
      resolve(away)
      socket.destroy()
    }
    socket
      .setTimeout(1_000, () => done(true))
      .once('data', () => done(false))
      .once('close', () => done(true))
      .on('error', () => {})
  })
}

async function askWeb({ webPort, as }: Target): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${webPort}${environmentsPath}`, {
    headers: { authorization: `Bearer ${as.token}`, connection: 'close' },
  })
  const body = (await answer.json()) as { error?: { data?: { m3o?: unknown } } }
  if (body.error !== undefined) throw errorFromBody(body.error.data?.m3o)
}

/** The soft one, which may be raised again. */
const limit = (pid: number, soft: number) => execFileSync('prlimit', [`--pid=${pid}`, `--nofile=${soft}:`])
