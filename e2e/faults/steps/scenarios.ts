import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { and, desc, eq, ne } from 'drizzle-orm'
import { platformActor } from '#contract/rpc.ts'
import { deployments, instances, releases, services } from '#db/schema.ts'
import { isAlive } from '#runtime/engines/process/identity.ts'
import type { InstanceRecord } from '#runtime/engines/process/record.ts'
import { answering, type TestPlatform } from '../../platform/platform.ts'
import { until } from '../../stack/until.ts'
import type { Subject } from './gates.ts'

/**
 * One thing that somebody does to a service, in an environment of its own, again and again.
 *
 * The file is long, as it lists each of these things; they share the few acts at its beginning.
 */
export interface Scenario {
  name: string
  subject: () => Subject
  /** Which of the steps are of it, and not of looking at it. */
  only?: RegExp
  /** To where it begins. */
  prepare: () => Promise<void>
  /** What is interrupted. Rejects when the runtime is killed meanwhile. */
  change: () => Promise<unknown>
  /** What is not right yet, after it was interrupted and the runtime is back; undefined when all is. */
  wrong: () => Promise<string | undefined>
  /** After it is right. */
  after?: () => Promise<void>
}

const manifest = (settings: Record<string, unknown>) => ({ 'm3o.json': JSON.stringify(settings) })
const sleepy = manifest({ instances: { min: 0, max: 1 }, idle: '2s' })
const crashing = (text: string) => ({
  'index.js': `require('node:http').createServer((request, response) => {
  response.end(${JSON.stringify(text)})
  if (request.headers['x-crash']) setTimeout(() => process.exit(3), 5)
}).listen(process.env.PORT, process.env.HOST)\n`,
})

/**
 * In two halves, each for a platform of its own, and each of which can be held at once: a step that is held keeps one of the
 * runtime's connections.
 */
export const halves: readonly ((platform: TestPlatform) => Promise<Scenario[]>)[] = [
  async (platform) => {
    const of = (name: string) => Place.make(platform, name)
    return [
      first(await of('first')),
      rollback(await of('rollback')),
      sleep(await of('sleep')),
      scale(await of('scale')),
      remove(await of('delete')),
      redeploy(await of('redeploy')),
    ]
  },
  async (platform) => {
    const of = (name: string) => Place.make(platform, name)
    return [
      restart(await of('restart')),
      wake(await of('wake')),
      data(await of('data')),
      stop(await of('stop')),
      revert(await of('revert')),
      await promote(await of('promote')),
    ]
  },
]

/** A service in an environment, and what it should answer. */
class Place {
  readonly platform: TestPlatform
  readonly environmentId: string
  readonly environment: string
  service: string
  serviceId = ''
  /** Texts that it may answer with: as before the change, and after it. */
  before: string | undefined
  after = ''
  instances = 1
  beforeId: string | undefined
  #number = 0

  constructor(platform: TestPlatform, environmentId: string, environment: string) {
    this.platform = platform
    this.environmentId = environmentId
    this.environment = environment
    this.service = environment
  }

  static async make(platform: TestPlatform, name: string): Promise<Place> {
    const { id } = await platform.rpc.call('environments.create', {
      teamId: platform.teamId,
      name,
      parentId: platform.production,
      ownerId: platform.userId,
    })
    return new Place(platform, id, name)
  }

  get at() {
    return { serviceId: this.serviceId, environmentId: this.environmentId }
  }

  get actor() {
    return { actor: { ...platformActor, id: this.platform.userId, name: 'Ann' } }
  }

  text(): string {
    return `${this.service} ${++this.#number}`
  }

  /** Live with this, and noted as what was before. */
  async deploy(text: string, files: Record<string, string>): Promise<void> {
    const { deploymentId, serviceId } = await this.platform.upload(this.service, files, this.environmentId)
    const { state, error } = await this.platform.settled(deploymentId)
    if (state !== 'live') throw new Error(`${this.service} is ${state}: ${JSON.stringify(error)}`)
    this.serviceId = serviceId
    this.before = this.after = text
    this.beforeId = deploymentId
  }

  async once(files: (text: string) => Record<string, string>): Promise<void> {
    if (this.before !== undefined) return
    const text = this.text()
    await this.deploy(text, files(text))
  }

  /** What served, serves, from here on. */
  async settle(): Promise<void> {
    const release = await this.release()
    const answer = await this.call()
    this.before = this.after = answer.body
    this.beforeId = release?.deploymentId
  }

  call(headers: Record<string, string> = {}) {
    return this.platform.call(this.service, { 'm3o-environment': this.environment, ...headers })
  }

  async release() {
    const [row] = await this.platform.db
      .select()
      .from(releases)
      .where(and(eq(releases.environmentId, this.environmentId), eq(releases.serviceId, this.serviceId)))
    return row
  }

  async newest() {
    const [row] = await this.platform.db
      .select()
      .from(deployments)
      .where(and(eq(deployments.environmentId, this.environmentId), eq(deployments.serviceId, this.serviceId)))
      .orderBy(desc(deployments.id))
      .limit(1)
    return row
  }

  running() {
    return this.platform.db
      .select()
      .from(instances)
      .where(
        and(
          eq(instances.environmentId, this.environmentId),
          eq(instances.serviceId, this.serviceId),
          ne(instances.state, 'ended'),
        ),
      )
  }

  /** Exactly one revision is live, the one that was recorded last, and it answers. */
  async wrong(): Promise<string | undefined> {
    const newest = await this.newest()
    const recorded = newest !== undefined && newest.id !== this.beforeId
    if (recorded && newest.state !== 'live') return `the deployment is ${newest.state} ${JSON.stringify(newest.error)}`
    const release = await this.release()
    const wanted = recorded ? newest.id : this.beforeId
    if (release?.deploymentId !== wanted) return `the release is ${release?.deploymentId} and not ${wanted}`
    const previousId = (
      await this.platform.db
        .select({ previousId: deployments.previousId })
        .from(deployments)
        .where(eq(deployments.id, wanted ?? ''))
    )[0]?.previousId
    const running = await this.running()
    const live = running.filter(({ state, deploymentId }) => state === 'live' && deploymentId === wanted)
    if (wanted !== undefined && live.length !== (recorded ? this.instances : this.instancesBefore))
      return `${live.length} instances are live`
    const others = running.filter(
      (one) => !live.includes(one) && !(one.state === 'draining' && one.deploymentId === previousId),
    )
    if (others.length > 0)
      return `there is also ${others.map(({ id, state, deploymentId }) => `${id} ${state} of ${deploymentId}`).join(', ')}`
    const answer = await this.call().catch((error: unknown) => ({ status: 0, body: String(error) }))
    const text = recorded ? this.after : this.before
    if (wanted === undefined) return answer.status === 200 ? `it answers ${answer.body}` : undefined
    return answer.body === text ? undefined : `it answers ${answer.status} ${answer.body} and not ${text}`
  }
  instancesBefore = 1
}

/** An instance that has no row yet waits for what is deployed next. */
async function hasSpare({ platform, serviceId, environmentId }: Place): Promise<boolean> {
  const folder = join(platform.home.path, 'instances')
  const rows = new Set(
    (
      await platform.db.select({ id: instances.id }).from(instances).where(eq(instances.environmentId, environmentId))
    ).map(({ id }) => id),
  )
  for (const id of await readdir(folder)) {
    if (rows.has(id) || id.startsWith('.')) continue
    const { placement, shim } = JSON.parse(
      await readFile(join(folder, id, 'instance.json'), 'utf8').catch(() => '{}'),
    ) as Partial<InstanceRecord>
    if (placement?.serviceId === serviceId && placement.environmentId === environmentId && shim && isAlive(shim))
      return true
  }
  return false
}

const subjectOf =
  (place: Place, ...more: string[]) =>
  (): Subject => ({
    scope: place.environment,
    environmentIds: [place.environmentId, ...more],
    serviceId: place.serviceId || null,
  })
const common = (place: Place) => ({
  name: place.environment,
  subject: subjectOf(place),
  wrong: () => place.wrong(),
  after: () => place.settle(),
})

function first(place: Place): Scenario {
  let count = 0
  return {
    ...common(place),
    async prepare() {
      place.service = `first-${++count}`
      const { teamId, userId, rpc } = place.platform
      place.serviceId = (
        await rpc.call(
          'services.create',
          { teamId, name: place.service, ownerId: userId, template: null, empty: true },
          place.actor,
        )
      ).id
      place.before = place.beforeId = undefined
      place.after = place.text()
    },
    change: () => place.platform.upload(place.service, answering(place.after), place.environmentId),
    after: async () =>
      void (await place.platform.rpc.call('services.delete', { serviceId: place.serviceId }, place.actor)),
  }
}

function redeploy(place: Place): Scenario {
  return {
    ...common(place),
    async prepare() {
      await place.once(answering)
      // One more does not wait while as many do as may, and all of those are of the last minute.
      for (let left = 10; !(await hasSpare(place)); left--) {
        const text = place.text()
        await place.deploy(text, answering(text))
        await until(`a spare of ${place.service} waits`, () => hasSpare(place), { withinMs: 8_000 }).catch(
          (error: unknown) => {
            if (left === 0) throw error
          },
        )
      }
      place.after = place.text()
    },
    change: () => place.platform.upload(place.service, answering(place.after), place.environmentId),
  }
}

function rollback(place: Place): Scenario {
  return {
    ...common(place),
    async prepare() {
      const [back, now] = [place.text(), place.text()]
      await place.deploy(back, answering(back))
      await place.deploy(now, answering(now))
      place.after = back
    },
    change: () => place.platform.rpc.call('deployments.rollback', { ...place.at, to: null }, place.actor),
  }
}

function restart(place: Place): Scenario {
  return {
    ...common(place),
    prepare: () => place.once(answering),
    change: () => place.platform.rpc.call('deployments.restart', place.at, place.actor),
  }
}

function scale(place: Place): Scenario {
  return {
    ...common(place),
    async prepare() {
      await place.once(answering)
      place.instancesBefore = (await place.running()).filter(({ state }) => state === 'live').length
      place.instances = place.instancesBefore === 1 ? 2 : 1
    },
    change: () =>
      place.platform.rpc.call('deployments.scale', { ...place.at, min: place.instances, max: 2 }, place.actor),
  }
}

const asleep = (place: Place) =>
  until(`${place.service} sleeps`, async () => (await place.running()).length === 0, { withinMs: 20_000 })

function sleep(place: Place): Scenario {
  let slept = false
  return {
    ...common(place),
    only: /draining|ended/,
    async prepare() {
      await place.once((text) => ({ ...answering(text), ...sleepy }))
      slept = false
    },
    // It falls asleep by itself.
    change: () => place.call(),
    async wrong() {
      const running = await place.running()
      slept ||= running.length === 0
      if (!slept) return `${running.map(({ id, state }) => `${id} is ${state}`).join(', ')}: it does not sleep`
      return place
        .call()
        .then(({ status, body }) => (body === place.before ? place.wrong() : `it answers ${status} ${body}`))
    },
  }
}

function wake(place: Place): Scenario {
  let answer: Promise<{ text: string; waitedMs: number }> = Promise.resolve({ text: '', waitedMs: 0 })
  return {
    ...common(place),
    only: /starting|checking|live/,
    async prepare() {
      await place.once((text) => ({ ...answering(text), ...sleepy }))
      await asleep(place)
    },
    async change() {
      const began = performance.now()
      const text = place.call().then(({ status, body }) => (status === 200 ? body : `${status} ${body}`), String)
      answer = text.then((got) => ({ text: got, waitedMs: performance.now() - began }))
      await answer
    },
    async wrong() {
      const { text, waitedMs } = await answer
      // Where the runtime itself needs so long to start, the call is told to come again after the ten seconds that it waits.
      const told = text.startsWith('503') && waitedMs >= 9_900
      if (text !== place.before && !told) return `the call that woke it got ${text}`
      if (told && (await place.call()).body !== place.before) return 'it does not wake up'
      // It may have fallen asleep again.
      return (await place.running()).length === 0 ? undefined : place.wrong()
    },
  }
}

function data(place: Place): Scenario {
  const files = (text: string) => answering(text, 'process.env.M3O_DATA')
  return {
    ...common(place),
    async prepare() {
      await place.once(files)
      place.after = place.text()
    },
    change: () => place.platform.upload(place.service, files(place.after), place.environmentId),
  }
}

function stop(place: Place): Scenario {
  return {
    ...common(place),
    async prepare() {
      const text = place.text()
      await place.deploy(text, answering(text))
    },
    change: () => place.platform.rpc.call('services.kill', place.at, place.actor),
    async wrong() {
      if ((await place.release())?.wanted === 'live') return place.wrong()
      const [running, { status }] = [await place.running(), await place.call()]
      if (running.length > 0)
        return `it was stopped, and ${running.map(({ id, state }) => `${id} is ${state}`).join(', ')}`
      return status === 503 ? undefined : `it was stopped, and answers ${status}`
    },
    after: async () => {},
  }
}

function remove(place: Place): Scenario {
  let count = 0
  return {
    ...common(place),
    async prepare() {
      place.service = `deleted-${++count}`
      const text = place.text()
      await place.deploy(text, answering(text))
    },
    change: () => place.platform.rpc.call('services.delete', { serviceId: place.serviceId }, place.actor),
    async wrong() {
      const [row] = await place.platform.db
        .select({ deletedAt: services.deletedAt })
        .from(services)
        .where(eq(services.id, place.serviceId))
      if (row?.deletedAt === null) return place.wrong()
      const [running, release, { status }] = [await place.running(), await place.release(), await place.call()]
      if (running.length > 0 || release !== undefined)
        return `it was deleted, and ${running.map(({ id, state }) => `${id} is ${state}`).join(', ')}`
      if (existsSync(join(place.platform.home.path, 'source', `${place.serviceId}.git`)))
        return 'it was deleted, and its source is there'
      return status === 404 ? undefined : `it was deleted, and answers ${status}`
    },
    async after() {
      const [row] = await place.platform.db
        .select({ deletedAt: services.deletedAt })
        .from(services)
        .where(eq(services.id, place.serviceId))
      if (row?.deletedAt === null)
        await place.platform.rpc.call('services.delete', { serviceId: place.serviceId }, place.actor)
    },
  }
}

/** It crashes soon after the switch: the one before serves again. */
function revert(place: Place): Scenario {
  let crashed: string | undefined
  return {
    ...common(place),
    // Something is started only where nothing of the one before is kept any more.
    only: /^(?!instances starting)/,
    async prepare() {
      const [good, bad] = [place.text(), place.text()]
      await place.deploy(good, answering(good))
      const { deploymentId } = await place.platform.upload(place.service, crashing(bad), place.environmentId)
      await place.platform.settled(deploymentId)
      crashed = deploymentId
      place.after = bad
    },
    change: () => place.call({ 'x-crash': '1' }),
    async wrong() {
      // Nobody saw it end when the runtime was away: it is started again, as after any crash.
      const [newest, release] = [await place.newest(), await place.release()]
      if (newest?.id !== crashed) return 'there is another deployment'
      const reverted = newest?.state === 'reverted'
      if ((release?.deploymentId === crashed) === reverted)
        return `the deployment is ${newest?.state}, and the release ${release?.deploymentId}`
      const { body } = await place.call()
      const live = (await place.running()).filter(({ state }) => state === 'live')
      if (live.length !== 1 || live[0]?.deploymentId !== release?.deploymentId)
        return `live are ${live.map(({ id }) => id).join(', ')}`
      return body === (reverted ? place.before : place.after) ? undefined : `it is ${newest?.state} and answers ${body}`
    },
    after: async () => {},
  }
}

async function promote(parent: Place): Promise<Scenario> {
  const { platform } = parent
  const { id } = await platform.rpc.call('environments.create', {
    teamId: platform.teamId,
    name: 'promoted',
    parentId: parent.environmentId,
    ownerId: platform.userId,
  })
  const child = new Place(platform, id, 'promoted')
  child.service = parent.service
  return {
    ...common(parent),
    subject: subjectOf(parent, id),
    async prepare() {
      await parent.once(answering)
      parent.after = parent.text()
      await child.deploy(parent.after, answering(parent.after))
    },
    change: () =>
      platform.rpc.call(
        'promotions.start',
        { environmentId: id, serviceIds: null, generation: null, route: 'cli' },
        parent.actor,
      ),
    async wrong() {
      const own = await child.release()
      const promoted = (await parent.release())?.deploymentId !== parent.beforeId
      if (promoted === (own !== undefined))
        return promoted ? 'the copy that was promoted is still there' : 'what was to be promoted is gone'
      return parent.wrong()
    },
  }
}
