import { Agent, request } from 'node:http'
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import type { Promotion } from '#contract/promotions.ts'
import { platformActor } from '#contract/rpc.ts'
import { startPlatform } from '#e2e/platform/platform.ts'

/*
 * Twenty services promoted together, and taken back together, under load: `node bench/promote.ts [ROUNDS]`. Each service is
 * asked all the while; others ask for chains of four services, in which a mixture of old and new would show. Prints how
 * long after the first new answer of any service a call could still begin that got an old one from any (reach ≤ 50 ms: the
 * switch of all twenty), within what time new answers of all were seen (as far apart as each is asked), what failed
 * (reach 0) and how many calls saw a mixture (reach 0).
 */

const rounds = Number(process.argv[2] ?? 2)
const count = 20
const limitMs = 50
const names = Array.from({ length: count }, (_, n) => `bench${n}`)

/** Answers its version, after that of the next when hops are left. Its calls know nothing of environments. */
const linked = (n: number, version: string) => ({
  'index.js': `const http = require('node:http')
http.createServer((request, response) => {
  const hops = Number(new URL(request.url, 'http://x').searchParams.get('hops') ?? 0)
  if (hops === 0) return response.end('${version}')
  http.get(process.env.M3O_GATEWAY + '/bench${(n + 7) % count}/x?hops=' + (hops - 1), (answer) => {
    let text = ''
    answer.on('data', (part) => (text += part)).on('end', () => response.writeHead(answer.statusCode).end('${version} ' + text))
  }).on('error', (error) => response.writeHead(599).end(String(error)))
}).listen(process.env.PORT, process.env.HOST)
`,
})

const platform = await startPlatform()
try {
  const alice = await platform.rpc.call('environments.create', {
    teamId: platform.teamId,
    name: 'alice',
    parentId: null,
    ownerId: platform.userId,
  })
  for (const [n, name] of names.entries()) {
    await deployed(name, linked(n, 'old'), platform.production)
    await deployed(name, linked(n, 'new'), alice.id)
  }
  console.log(`${count} services live, each with a copy of its own in alice`)
  let isMissed = false
  for (let round = 0; round < rounds; round++) {
    const { promotionId } = await measured('promote', 'new', () =>
      platform.rpc.call(
        'promotions.start',
        { environmentId: alice.id, serviceIds: null, generation: null, route: 'cli' },
        actor(),
      ),
    )
    await measured('undo', 'old', () => platform.rpc.call('promotions.undo', { promotionId, route: 'cli' }, actor()))
  }
  process.exitCode = isMissed ? 1 : 0

  async function measured(what: string, version: string, begin: () => Promise<{ promotionId: string }>) {
    const agent = new Agent({ keepAlive: true })
    const firstNew = new Map<string, number>()
    let lastOld = 0
    let [requests, failed, chains, mixtures, over] = [0, 0, 0, 0, false]
    const wanted = new Set<string>()
    const single = async (name: string) => {
      while (!over) {
        const asked = performance.now()
        const { status, body } = await ask(agent, `/v1/${name}/x`)
        requests++
        if (status !== 200) failed++
        else if (body !== version) lastOld = Math.max(lastOld, asked)
        else if (!firstNew.has(name)) firstNew.set(name, performance.now())
        await delay(5)
      }
    }
    const chain = async (n: number) => {
      while (!over) {
        const { status, body } = await ask(agent, `/v1/${names[(n += 3) % count]}/x?hops=3`)
        chains++
        if (status !== 200) failed++
        else if (new Set(body.split(' ')).size > 1) mixtures++
        else wanted.add(body)
      }
    }
    const load = [...names.map(single), ...Array.from({ length: 4 }, (_, n) => chain(n))]
    await delay(500)
    const began = performance.now()
    const promotion = await ended((await begin()).promotionId)
    const took = performance.now() - began
    while (firstNew.size < count) await delay(5)
    await delay(500)
    over = true
    await Promise.all(load)
    agent.destroy()
    const times = [...firstNew.values()]
    const span = Math.max(...times) - Math.min(...times)
    const switched = Math.max(0, lastOld - Math.min(...times))
    isMissed ||= switched > limitMs || failed > 0 || mixtures > 0 || wanted.size !== 2
    console.log(
      `${what.padEnd(10)} ${Math.round(took)} ms in all · ${count} services switched within ${switched.toFixed(1)} ms (reach ≤ ${limitMs}), seen within ${span.toFixed(1)} ms · ${failed} of ${requests + chains} requests failed (reach 0) · ${mixtures} of ${chains} chains of four saw a mixture (reach 0)`,
    )
    return { promotionId: promotion.id }
  }
} finally {
  await platform[Symbol.asyncDispose]()
}

function actor() {
  return { actor: { ...platformActor, id: platform.userId, name: 'Ann' } }
}

async function deployed(name: string, files: Record<string, string>, environmentId: string): Promise<void> {
  const { state, error } = await platform.deploy(name, files, environmentId)
  if (state !== 'live') throw new Error(`${name} is ${state}: ${JSON.stringify(error)}`)
}

async function ended(promotionId: string): Promise<Promotion> {
  for await (const promotion of platform.rpc.stream('promotions.follow', { promotionId })) {
    if (promotion.endedAt === null) continue
    if (promotion.state !== 'live') throw new Error(`it is ${promotion.state}: ${JSON.stringify(promotion.error)}`)
    return promotion
  }
  throw new Error('the promotion was not followed to its end')
}

function ask(agent: Agent, path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve) => {
    request(
      { port: platform.gatewayPort, path, agent, headers: { authorization: `Bearer ${platform.token}` } },
      (answer) => {
        let body = ''
        answer.on('data', (part: Buffer) => (body += part.toString()))
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }))
        answer.on('error', () => resolve({ status: 0, body }))
      },
    )
      .on('error', () => resolve({ status: 0, body: '' }))
      .end()
  })
}
