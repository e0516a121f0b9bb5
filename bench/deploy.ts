import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Session } from '#cli/session.ts'
import { Shell } from '#e2e/stack/command.ts'
import { startStack } from '#e2e/stack/stack.ts'
import { type App, express, hello } from './loop/apps.ts'
import { Asking, at, type Door } from './loop/asking.ts'
import { nodeWatch, type Peer, pm2 } from './loop/peers.ts'

/*
 * Change → new answer, while the service is asked all the time: `node bench/deploy.ts [--rounds 40] [--rate 500] [--app hello]
 * [--ways console,shell,push,cold,watch,pm2]`. The whole platform runs, as `npm start` runs it. By the console: a line of a draft is
 * saved and the draft deployed, as its editor does; by a shell: `m3o deploy`; by `git push`. Beside it in the same run: the console's way
 * where no spare fits (package.json changes with the source), `node --watch` and `pm2 reload` of the same program.
 * Prints p50 and p99 in milliseconds and what failed; ends with 1 when a limit is missed. How it is for who asks is told as well.
 */

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '40' },
    rate: { type: 'string', default: '500' },
    app: { type: 'string', default: 'hello,express' },
    ways: { type: 'string', default: 'console,shell,push,cold,watch,pm2' },
  },
})
const [rounds, rate, ways] = [Number(values.rounds), Number(values.rate), values.ways.split(',')]
const limits = { hello: { p50: 40, p99: 120 }, express: { p50: 60, p99: 150 } }
const overhead = 250
const faster = 3
/** The first changes find the platform as cold as nobody has it who works on something. */
const warming = 3

interface Figures {
  p50: number
  p99: number
  asked: number
  failed: number
  latency: number
  why: string
}
type Change = (answer: string) => Promise<unknown>

/** Measures each change until its answer is seen, a second apart, as somebody who looks at it before going on. */
async function measure(door: Door, change: Change, times: number, unless = rate): Promise<Figures> {
  const asking = new Asking(door, unless)
  const took: number[] = []
  try {
    for (let round = -warming; round < times; round++) {
      const answer = `answer ${round} of ${times}.`
      const seen = asking.until(answer, 20_000)
      const began = performance.now()
      const [when] = await Promise.all([seen, change(answer)])
      if (round >= 0) took.push(when - began)
      await delay(1_000)
    }
    await delay(200)
    return {
      p50: at(0.5, took),
      p99: at(0.99, took),
      asked: asking.asked,
      failed: asking.failed,
      latency: at(0.99, asking.latencies),
      why: asking.why,
    }
  } finally {
    asking.stop()
  }
}

const missed: string[] = []
function reach(what: string, holds: boolean): void {
  console.log(`  ${holds ? 'reached' : 'MISSED '}  ${what}`)
  if (!holds) missed.push(what)
}

function show(name: string, { p50, p99, asked, failed, latency, why }: Figures): void {
  console.log(
    `${name.padEnd(28)} p50 ${p50.toFixed(0).padStart(5)} ms   p99 ${p99.toFixed(0).padStart(5)} ms   ${failed} of ${asked} failed${failed > 0 ? ` (${why})` : ''}   asked: p99 ${latency.toFixed(1)} ms`,
  )
}

async function byPeer(start: (app: App) => Promise<Peer>, app: App): Promise<Figures> {
  await using peer = await start(app)
  const answers = () =>
    fetch(`http://127.0.0.1:${peer.port}/x`, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    }).then(
      (answer) => answer.text().then(() => answer.ok),
      () => false,
    )
  while (!(await answers())) await delay(50)
  await delay(500)
  return await measure({ port: peer.port, path: '/x' }, peer.change, Math.min(rounds, 8))
}

async function ours(app: App): Promise<void> {
  const { name, path, source, files } = app
  const folder = await shell.write(name, { ...files, [path]: source('first') })
  await shell.json(['deploy', folder, '--service', name])
  const here = { team: 'demo', environment: 'production', service: name }
  const door: Door = {
    port: Number(new URL(stack.gatewayUrl).port),
    path: `/v1/${name}/x`,
    headers: { authorization: `Bearer ${token}` },
  }

  const known = new Map<string, string | null>()
  const savingOf = async (file: string, text: string) => {
    if (!known.has(file)) {
      const tree = await api.source.tree.query({ ...here, ref: { draft: true } })
      known.set(file, tree.find((entry) => entry.path === file)?.hash ?? null)
    }
    return { ...here, path: file, text, expected: known.get(file) ?? null }
  }
  const save = async (file: string, text: string) =>
    known.set(file, (await api.source.save.mutate(await savingOf(file, text))).hash)
  const saveAndDeploy = async (file: string, text: string) =>
    known.set(file, (await api.deployments.saveAndStart.mutate(await savingOf(file, text))).saved.hash)
  const few = Math.min(rounds, 12)
  const tell = async (way: string, change: Change, times: number) => {
    const figures = await measure(door, change, times)
    show(`${name}, ${way}`, figures)
    return figures
  }

  const byConsole = await tell('console', (answer) => saveAndDeploy(path, source(answer)), rounds)
  const { p50, p99 } = limits[name as keyof typeof limits]
  reach(`p50 ≤ ${p50} ms`, byConsole.p50 <= p50)
  reach(`p99 ≤ ${p99} ms`, byConsole.p99 <= p99)
  reach('nothing failed', byConsole.failed === 0)

  const others: [string, number][] = []
  if (ways.includes('cold')) {
    const cold = await tell(
      'without the spare',
      async (answer) => {
        await save('package.json', (files['package.json'] ?? '').replace('1.0.0', `1.0.${answer.replace(/\D/g, '')}`))
        await saveAndDeploy(path, source(answer))
      },
      few,
    )
    others.push(['our own path without the spare', cold.p50])
  }
  for (const [way, called, start] of [
    ['watch', 'node --watch', nodeWatch],
    ['pm2', 'pm2 reload', pm2],
  ] as const) {
    if (!ways.includes(way)) continue
    const figures = await byPeer(start, app).catch((error: Error) =>
      console.log(`${name}, ${called}: ${error.message}`),
    )
    if (!figures) continue
    show(`${name}, ${called}`, figures)
    others.push([called, figures.p50])
  }
  for (const [called, took] of others)
    reach(`≥ ${faster} × faster than ${called}: ${(took / byConsole.p50).toFixed(1)} ×`, took / byConsole.p50 >= faster)

  if (ways.includes('shell')) {
    // What was deployed by the console since is on top of what this folder was made from.
    const byShell = await tell(
      'm3o deploy',
      async (answer) => {
        await writeFile(join(folder, path), source(answer))
        await shell.json(['deploy', folder, '--service', name, '--force'])
      },
      few,
    )
    reach(
      `m3o deploy takes ≤ ${overhead} ms more: ${(byShell.p50 - byConsole.p50).toFixed(0)} ms`,
      byShell.p50 - byConsole.p50 <= overhead,
    )
    reach('nothing failed', byShell.failed === 0)
  }
  if (ways.includes('push')) {
    const git = async (...args: string[]) => {
      const ran = await shell.run('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', ...args], {
        cwd: join(shell.folder, `${name}-git`),
      })
      if (ran.code !== 0) throw new Error(`git ${args.join(' ')}: ${ran.stderr}`)
    }
    await shell.run('git', [
      'clone',
      '-q',
      `${stack.url.replace('://', `://git:${token}@`)}/git/demo/${name}.git`,
      `${name}-git`,
    ])
    let began = 0
    const pushed: number[] = []
    const byPush = await tell(
      'git push',
      async (answer) => {
        await writeFile(join(shell.folder, `${name}-git`, path), source(answer))
        await git('commit', '-qam', answer)
        began = performance.now()
        await git('push', '-q')
        pushed.push(performance.now() - began)
      },
      few,
    )
    reach(
      `git push takes ≤ ${overhead} ms more: ${(byPush.p50 - byConsole.p50).toFixed(0)} ms, git's commit included (the push itself ends after ${at(0.5, pushed).toFixed(0)} ms)`,
      byPush.p50 - byConsole.p50 <= overhead,
    )
    reach('nothing failed', byPush.failed === 0)
  }
}

const stack = await startStack({ samples: false })
await using shell = await Shell.ofAdmin(stack)
const { token } = await shell.json<{ token: string }>(['token', 'create', 'bench'])
const { api } = new Session({ url: stack.url, token, team: 'demo' }, {
  XDG_CONFIG_HOME: shell.folder,
} as unknown as NodeJS.ProcessEnv)
try {
  for (const app of [hello, express]) if (values.app.split(',').includes(app.name)) await ours(app)
} finally {
  await stack.stop()
}
if (missed.length > 0) process.exitCode = 1
