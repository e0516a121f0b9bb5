import { randomInt } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startPlatform, type TestPlatform } from '../platform/platform.ts'
import { fault, type Finding } from './fault.ts'
import { busyness, median } from './load/busyness.ts'
import { type Gates, openGates } from './steps/gates.ts'
import { leftBehind } from './steps/left-behind.ts'
import { halves, type Scenario } from './steps/scenarios.ts'

const withinMs = 10_000
/** One in so many is killed again while it starts, within so long. */
const againEvery = 4
const startMs = 2_000
/** Longer does no scenario take to its step, among others and alone. */
const togetherMs = 6_000
const aloneMs = 20_000
/** So long after a step was recorded the kill comes at most. */
const spreadMs = 30

/**
 * SIGKILL of the runtime at every step that it records: of a first deployment, a redeployment with a spare, a rollback, a
 * restart, a change of scale, of falling asleep and waking, of a service with data, of a promotion and of going back after a
 * crash, of stopping and deleting. Half of the times just before the step is recorded, else within 30 ms after. One kill serves several services at once.
 */
export default fault({
  title: 'The runtime is killed at every recorded step',
  needsRoot: true,
  full: 20,
  async *run(times) {
    const tally: Tally = { kills: new Map(), wrong: [], left: [], upMs: [], tookMs: [], busy: [], again: 0 }
    const tried = await Promise.all(halves.map((half) => killThrough(half, times, tally)))
    for (const steps of tried.map(({ steps }) => steps))
      for (const [name, all] of steps) yield countOf(name, all, tally, times)
    yield {
      what: 'right state, exactly one live revision, within 10 s of the start',
      held: tally.wrong.length === 0,
      measured: `${tally.tookMs.length} kills, ${tally.again} of them twice, p50 ${Math.round(median(tally.tookMs))} ms, at most ${Math.round(Math.max(...tally.tookMs))} ms, of which the runtime's start p50 ${Math.round(median(tally.upMs))} ms, at most ${Math.round(Math.max(...tally.upMs))} ms; the machine was ${median(tally.busy).toFixed(1)} × as slow as at rest${list(tally.wrong)}`,
    }
    yield {
      what: 'no orphan, leaked port, file, group or network after each',
      held: tally.left.length === 0,
      measured: `${tally.left.length} left${list(tally.left)}`,
    }
    const rest = tried.flatMap((one) => one.rest)
    yield {
      what: 'nothing is left once the services are deleted',
      held: rest.length === 0,
      measured: `${rest.length} left${list(rest)}`,
    }
  },
})

/** Half of the scenarios, on a platform of their own; with what is left at its end. */
async function killThrough(
  scenarios: (platform: TestPlatform) => Promise<Scenario[]>,
  times: number,
  tally: Tally,
): Promise<{ steps: Map<string, string[]>; rest: string[] }> {
  const temporary = await mkdtemp(join(tmpdir(), 'm3o-kills-'))
  await using cleanup = new AsyncDisposableStack()
  cleanup.defer(() => rm(temporary, { recursive: true, force: true }))
  const platform = cleanup.use(await startPlatform({ TMPDIR: temporary }))
  const gates = cleanup.use(await openGates(platform.database))
  const half = await scenarios(platform)
  const steps = await stepsOf(gates, half)
  const rounds = roundsOf(steps)
  for (let time = 0; time < times; time++) {
    for (let round = 0; round < rounds.length; round++) {
      const at = rounds[round] as Round
      const missed = await killOnce({
        platform,
        gates,
        temporary,
        tally,
        half: half.filter(({ name }) => at.has(name)),
        at,
        before: (time + round) % 2 === 0,
      })
      if (at.size === 1) continue
      for (const name of missed) {
        rounds.push(new Map([[name, at.get(name) ?? '']]))
        at.delete(name)
      }
    }
  }
  for (const { id } of await platform.rpc.call('services.list', {
    teamId: platform.teamId,
    environmentId: platform.production,
  }))
    await platform.rpc.call('services.delete', { serviceId: id })
  const rest = await settled(async () => [
    ...(await leftBehind(platform, temporary)),
    ...(await readdir(join(platform.home.path, 'instances'))).filter((name) => !name.startsWith('.')),
  ])
  return { steps, rest }
}

/** Which step of which scenario one kill is for. */
type Round = Map<string, string>

/**
 * The first step of all, the second of all, and so on. What is held keeps connections, locks and turns, for which another may wait
 * before its own step: such a one gets a round of its own from then on, where nothing is in its way.
 */
function roundsOf(steps: ReadonlyMap<string, readonly string[]>): Round[] {
  const longest = Math.max(...[...steps.values()].map((all) => all.length))
  return Array.from(
    { length: longest },
    (_, at) => new Map([...steps].flatMap(([name, all]) => (all[at] === undefined ? [] : [[name, all[at]] as const]))),
  )
}

interface Tally {
  /** By scenario and step. */
  kills: Map<string, number>
  wrong: string[]
  left: string[]
  /** Until the runtime answered, and until all was right. */
  upMs: number[]
  tookMs: number[]
  busy: number[]
  again: number
}

/** Once without a kill, to know what is recorded. */
async function stepsOf(gates: Gates, half: readonly Scenario[]): Promise<Map<string, string[]>> {
  await Promise.all(half.map((scenario) => begin(gates, scenario)))
  await gates.forget()
  await Promise.all(half.map((scenario) => scenario.change()))
  const late = await settled(async () => (await Promise.all(half.map(wrongOf))).filter((line) => line !== undefined))
  if (late.length > 0) throw new Error(`without any kill: ${late.join('; ')}`)
  await delay(500) // what follows a switch, such as the end of the one before
  const steps = new Map<string, string[]>()
  for (const scenario of half) {
    steps.set(
      scenario.name,
      (await gates.steps(scenario.name)).filter((step) => scenario.only?.test(step) ?? true),
    )
    await scenario.after?.()
  }
  return steps
}

async function begin(gates: Gates, scenario: Scenario): Promise<void> {
  await scenario.prepare()
  await gates.watch(scenario.subject())
}

interface Kill {
  platform: TestPlatform
  gates: Gates
  temporary: string
  tally: Tally
  half: readonly Scenario[]
  at: Round
  before: boolean
}

/** Names of those that had not come to their step. */
async function killOnce({ platform, gates, temporary, tally, half, at, before }: Kill): Promise<string[]> {
  await Promise.all(half.map((scenario) => begin(gates, scenario)))
  await gates.close(at)
  for (const scenario of half) void scenario.change().catch(() => {})
  const reached = await gates.reached(at.size, at.size === 1 ? aloneMs : togetherMs)
  if (before) {
    await platform.runtime.kill()
    await gates.undo()
  } else {
    await gates.open()
    await delay(randomInt(spreadMs))
    await platform.runtime.kill()
  }
  const hit = [...at].filter((_, number) => reached.includes(number))
  for (const [name, step] of hit) tally.kills.set(`${name}: ${step}`, (tally.kills.get(`${name}: ${step}`) ?? 0) + 1)
  const busy = await busyness()
  tally.busy.push(busy)
  if (randomInt(againEvery) === 0) {
    // While it takes up what the one before left.
    const starting = platform.runtime.killAndStartAgain()
    await delay(randomInt(startMs))
    await platform.runtime.kill()
    starting.catch(() => {}) // it is ready when the next one is
    tally.again++
  }
  const began = performance.now()
  await platform.runtime.killAndStartAgain()
  tally.upMs.push(performance.now() - began)
  const when = `${before ? 'before' : 'after'} it was recorded`
  const wrong = await settled(async () => (await Promise.all(half.map(wrongOf))).filter((line) => line !== undefined), {
    began,
    within: withinMs * busy,
  })
  tally.tookMs.push(performance.now() - began)
  tally.wrong.push(...wrong.map((line) => `${line} (killed at ${at.get(line.split(':')[0] ?? '')}, ${when})`))
  const left = await settled(() => leftBehind(platform, temporary), { began, within: withinMs * busy, everyMs: 250 })
  tally.left.push(
    ...left.map((line) => `${line} (${[...at].map(([name, step]) => `${name} at ${step}`).join(', ')}, ${when})`),
  )
  if (wrong.length > 0) console.log(`    ${tally.wrong.slice(-wrong.length).join('\n    ')}`)
  await Promise.all(half.map(async (scenario) => scenario.after?.()))
  return [...at.keys()].filter((_, number) => !reached.includes(number))
}

const wrongOf = async (scenario: Scenario) => {
  const line = await scenario.wrong()
  return line === undefined ? undefined : `${scenario.name}: ${line}`
}

/** Asks until nothing is left to say. */
async function settled(
  ask: () => Promise<string[]>,
  { began = performance.now(), within = withinMs, everyMs = 100 } = {},
): Promise<string[]> {
  for (;;) {
    const lines = await ask().catch((error: unknown) => [String(error)])
    if (lines.length === 0 || performance.now() - began > within) return lines
    await delay(everyMs)
  }
}

function countOf(name: string, steps: readonly string[], tally: Tally, times: number): Finding {
  const counts = steps.map((step) => tally.kills.get(`${name}: ${step}`) ?? 0)
  return {
    what: `${name} was killed at each of its ${steps.length} steps, ${times} times`,
    held: counts.every((count) => count >= times),
    measured: steps.map((step, at) => `${step} ${counts[at]}`).join(', '),
  }
}

const list = (lines: readonly string[]) =>
  lines.length === 0 ? '' : `\n      ${[...new Set(lines)].slice(0, 12).join('\n      ')}`
