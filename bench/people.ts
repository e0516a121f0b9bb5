/**
 * Two hundred people signed in at once, `node bench/people.ts [SECONDS]`: each has the console open (one live socket, which
 * follows the team) and opens the catalogue of 200 services again and again, resting as people do. Prints the 95th percentile
 * of the page as it comes over HTTP, and of its data alone, against 500 ms; then how many loads a second the same web
 * reaches when nobody rests, which is what the figure is to be held against. Ends with 1 when the limit is missed.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { join } from 'node:path'
import { encode } from 'next-auth/jwt'
import { io, type Socket } from 'socket.io-client'
import { newId } from '#contract/ids.ts'
import { openDb } from '#db/open.ts'
import { deployments, members, releases, revisions, services, sessions, teams, users } from '#db/schema.ts'
import { until } from '#e2e/stack/until.ts'
import { type Stack, startStack } from '#e2e/stack/stack.ts'
import { readSettings } from '#server/settings.ts'

const seconds = Number(process.argv[2] ?? 30)
const count = 200
const wanted = 200
const limitMs = 500
/** Between two loads of one person, on the average. */
const restMs = 20_000

const stack = await startStack()
const sockets: Socket[] = []
try {
  const cookies = await fill(stack)
  for (const cookie of cookies) sockets.push(await open(cookie))
  console.log(
    `${count} people signed in, ${sockets.filter(({ connected }) => connected).length} live sockets, ${wanted} services`,
  )
  // What is compiled and cached on the first loads is not what is measured.
  for (const cookie of cookies.slice(0, 20)) await page(cookie)

  const pages = await resting(cookies, page)
  const data = await resting(cookies, list)
  const met = [told('catalogue, its page', pages), told('catalogue, its data', data)]
  const burst = await Promise.all(cookies.map(page))
  console.log(`all ${count} in the same moment: the last has its page after ${Math.round(Math.max(...burst))} ms`)
  const reach = await restless(cookies, page)
  const asked = count / (restMs / 1_000)
  console.log(
    `reach: ${reach.toFixed(1)} pages a second; asked for ${asked.toFixed(1)}  ratio ${(reach / asked).toFixed(2)}`,
  )
  process.exitCode = met.every(Boolean) ? 0 : 1
} finally {
  for (const socket of sockets) socket.disconnect()
  await stack.stop()
}

async function page(cookie: string): Promise<number> {
  const began = performance.now()
  const answer = await get(`${stack.url}/demo/production/services`, { headers: { cookie, accept: 'text/html' } })
  const text = await answer.text()
  if (answer.status !== 200 || !text.includes('guestbook')) throw new Error(`the catalogue answered ${answer.status}`)
  return performance.now() - began
}

async function list(cookie: string): Promise<number> {
  const began = performance.now()
  const answer = await get(
    `${stack.url}/api/trpc/services.catalogue?input=${encodeURIComponent(JSON.stringify({ team: 'demo', environment: 'production' }))}`,
    { headers: { cookie } },
  )
  const { result } = (await answer.json()) as { result: { data: unknown[] } }
  if (result.data.length < wanted) throw new Error('the catalogue is not whole')
  return performance.now() - began
}

/** Again when the connection was closed while it rested, as a browser does (RFC 9110 §9.2.2). */
async function get(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init)
  } catch (error) {
    if (((error as Error).cause as NodeJS.ErrnoException | undefined)?.code !== 'ECONNRESET') throw error
    return fetch(url, init)
  }
}

/** Each begins at a moment of its own, and rests between half and one and a half times the average. */
async function resting(cookies: string[], load: (cookie: string) => Promise<number>): Promise<number[]> {
  const taken: number[] = []
  const end = performance.now() + seconds * 1_000
  await Promise.all(
    cookies.map(async (cookie) => {
      await pause(Math.random() * restMs)
      while (performance.now() < end) {
        taken.push(await load(cookie))
        await pause(restMs * (0.5 + Math.random()))
      }
    }),
  )
  return taken
}

/** Eight who never rest: loads a second. */
async function restless(cookies: string[], load: (cookie: string) => Promise<number>): Promise<number> {
  let loads = 0
  const began = performance.now()
  await Promise.all(
    cookies.slice(0, 8).map(async (cookie) => {
      while (performance.now() - began < 10_000) {
        await load(cookie)
        loads++
      }
    }),
  )
  return loads / ((performance.now() - began) / 1_000)
}

function told(what: string, taken: number[]): boolean {
  const sorted = taken.sort((one, other) => one - other)
  const at = (share: number) => sorted[Math.ceil(sorted.length * share) - 1] ?? NaN
  const p95 = at(0.95)
  console.log(
    `${what.padEnd(22)} p95 ${String(Math.round(p95)).padStart(4)} ms  limit ${limitMs} ms  ratio ${(limitMs / p95).toFixed(2)}${p95 > limitMs ? '  MISSED' : ''}  (median ${Math.round(at(0.5))}, slowest ${Math.round(at(1))}, ${sorted.length} loads)`,
  )
  return p95 <= limitMs
}

/** A live socket as the console has one: it follows its team. */
async function open(cookie: string): Promise<Socket> {
  const socket = io(stack.url, {
    path: '/live',
    transports: ['websocket'],
    forceNew: true,
    extraHeaders: { cookie, origin: stack.url },
  })
  socket.on('items', (_id, _items, ack: () => void) => ack())
  await new Promise<void>((resolve, reject) => socket.once('connect', () => resolve()).once('connect_error', reject))
  await new Promise((resolve) => socket.emit('subscribe', 'team', 'team', { team: 'demo' }, resolve))
  return socket
}

/** Services like the samples, and people with sessions; gives their cookies. */
async function fill({ home, url }: Stack): Promise<string[]> {
  await using database = openDb({ socketDir: join(home, 'pg'), database: 'm3o', user: 'm3o' }, 1)
  const { db } = database
  await until('the samples are live', async () => (await db.select().from(releases)).length === 3, { withinMs: 60_000 })
  const [own, made, last, [team]] = await Promise.all([
    db.select().from(services),
    db.select().from(revisions),
    db.select().from(deployments),
    db.select().from(teams),
  ])
  for (let n = own.length; n < wanted; n++) {
    const like = own[n % own.length]
    const revision = made.find(({ serviceId }) => serviceId === like?.id)
    const deployment = last.find(({ serviceId }) => serviceId === like?.id)
    if (like === undefined || revision === undefined || deployment === undefined)
      throw new Error('the samples are not there')
    const [id, deploymentId] = [newId('service'), newId('deployment')]
    await db
      .insert(services)
      .values({ ...like, id, name: `${like.name}-${n}`, description: `${revision.description} Number ${n}.` })
    await db.insert(revisions).values({ ...revision, serviceId: id })
    await db
      .insert(deployments)
      .values({ ...deployment, id: deploymentId, serviceId: id, createdAt: deployment.createdAt + n })
    await db.insert(releases).values({
      environmentId: deployment.environmentId,
      serviceId: id,
      deploymentId,
      commit: deployment.commit,
      wanted: 'stopped',
      updatedAt: Date.now(),
    })
  }
  const {
    secret,
    cookies: { session: name },
  } = readSettings({ M3O_HOME: home, M3O_URL: url, NODE_ENV: 'production' })
  const now = Date.now()
  return await Promise.all(
    Array.from({ length: count }, async (_, n) => {
      const [userId, sid] = [newId('user'), newId('session')]
      await db
        .insert(users)
        .values({ id: userId, email: `person-${n}@example.com`, name: `Person ${n}`, createdAt: now })
      await db.insert(members).values({ teamId: team?.id ?? '', userId, role: 'developer', createdAt: now })
      await db.insert(sessions).values({ id: sid, userId, createdAt: now, seenAt: now, expiresAt: now + 86_400_000 })
      return `${name}=${await encode({ token: { sub: userId, sid }, secret })}`
    }),
  )
}
