import { expect, test } from 'vitest'
import type { TrafficNews } from '#contract/gateway-api.ts'
import { gatewayMetrics } from './metrics.ts'
import type { RouteTable } from './routes/route-table.ts'
import { Traffic } from './traffic.ts'
import type { Pools } from './upstream/pools.ts'

const hello = { service: { id: 's' }, environment: { id: 'e' }, countedAs: 'person' }
const everyMs = 5

async function next(watch: AsyncGenerator<TrafficNews>): Promise<TrafficNews> {
  const { value } = await watch.next()
  return value as TrafficNews
}

test('what is under way is counted while it is, and how long calls were under way together', async () => {
  const traffic = new Traffic()
  const watch = traffic.watch(new AbortController().signal, everyMs)
  expect(await next(watch)).toMatchObject({ run: traffic.run, counts: [], saved: { counts: [], claim: null } })
  const calls = [traffic.begin(hello), traffic.begin(hello)]
  const busy = await next(watch)
  expect(busy.counts).toMatchObject([{ inFlight: 2, requests: 0 }])
  for (const call of calls) {
    traffic.count(call, 'Hello', { status: 200, ms: 3 })
    traffic.end(call)
  }
  const done = await next(watch)
  expect(done.counts).toMatchObject([{ inFlight: 0, requests: 2, endpoints: { Hello: 2 } }])
  expect(done.counts[0]?.busyMs).toBeGreaterThan(busy.counts[0]?.busyMs ?? 0)
  expect(done.counts[0]?.latency.reduce((sum, times) => sum + times, 0)).toBe(2)
  await watch.return(undefined)
})

test('it is told which tokens were used, and when, once each time', async () => {
  const traffic = new Traffic()
  const before = Date.now()
  traffic.end(traffic.begin({ ...hello, tokenId: 'one' }))
  const watch = traffic.watch(new AbortController().signal, everyMs)
  const { tokens } = await next(watch)
  expect(Object.keys(tokens ?? {})).toEqual(['one'])
  expect(tokens?.one).toBeGreaterThanOrEqual(before)
  traffic.end(traffic.begin({ ...hello, tokenId: 'two' }))
  traffic.end(traffic.begin(hello))
  expect(Object.keys((await next(watch)).tokens ?? {})).toEqual(['two'])
  await watch.return(undefined)
})

test('whoever watches is told the last of it at the end, and a successor inherits what nobody was told', async () => {
  const traffic = new Traffic()
  const over = new AbortController()
  const watch = traffic.watch(over.signal, everyMs)
  await next(watch)
  const call = (status = 200) => {
    const counter = traffic.begin(hello)
    traffic.count(counter, 'Hello', { status, ms: 1 })
    traffic.end(counter)
  }
  call()
  over.abort()
  expect((await next(watch)).counts).toMatchObject([{ requests: 1 }])
  expect((await watch.next()).done).toBe(true)
  call(503)
  traffic.countLimited(hello)
  const untold = traffic.untold()
  expect(untold).toMatchObject([{ requests: 1, errors: 1, limited: 1, endpoints: { Hello: 1 } }])

  const successor = new Traffic()
  successor.inherit(untold)
  successor.inherit([])
  const first = await next(successor.watch(new AbortController().signal, everyMs))
  expect(first.counts).toMatchObject([{ requests: 1, errors: 1, limited: 1 }])
  expect(first.run).not.toBe(traffic.run)
})

test('a claim counts as written once the next one says that it is; another’s, and one that failed, do not', async () => {
  const traffic = new Traffic()
  const [counted] = (() => {
    traffic.end(traffic.begin(hello))
    return traffic.all()
  })()
  const at = (requests: number) => [{ ...counted, requests } as NonNullable<typeof counted>]
  const saved = async () => {
    const { saved: told } = await next(traffic.watch(new AbortController().signal, everyMs))
    return { written: told?.counts.map(({ requests }) => requests), claimed: told?.claim?.save }
  }
  traffic.noteSaving({ run: traffic.run, save: 'one', before: null, counts: at(1) })
  expect(await saved()).toEqual({ written: [], claimed: 'one' })
  traffic.noteSaving({ run: traffic.run, save: 'two', before: 'one', counts: at(2) })
  expect(await saved()).toEqual({ written: [1], claimed: 'two' })
  traffic.noteSaving({ run: 'of another gateway', save: 'x', before: 'two', counts: at(50) })
  traffic.noteSaving({ run: traffic.run, save: 'three', before: 'one', counts: at(3) })
  expect(await saved()).toEqual({ written: [1], claimed: 'three' })
})

test('Prometheus is told so many callers and services apart, the rest summed up, and nothing is lost by it', () => {
  const traffic = new Traffic()
  const named = (id: string) => ({ id, name: id, teamId: 't' })
  const table = {
    version: 1,
    get: (_kind: string, id: string) => named(id),
    releaseOf: () => undefined,
  } as unknown as RouteTable
  const pools = { all: () => [] } as unknown as Pools
  const call = (service: string, caller: string) => {
    const counter = traffic.begin({ service: { id: service }, environment: { id: 'e' }, countedAs: caller })
    traffic.count(counter, 'Hello', { status: 200, ms: 3 })
    traffic.end(counter)
  }
  for (let n = 0; n < 30; n++) call('popular', `service/s_${n}`)
  for (let n = 0; n < 2_010; n++) call(`s_${n}`, 'person')
  const lines = gatewayMetrics({ table, traffic, pools }).split('\n')
  const totals = lines.filter((line) => line.startsWith('m3o_requests_total{'))
  expect(totals.filter((line) => line.includes('service="popular"'))).toHaveLength(21)
  expect(totals.find((line) => line.includes('service="popular"') && line.includes('caller="*"'))).toMatch(/ 10$/)
  expect(totals.find((line) => line.includes('service="*"'))).toMatch(/ 11$/)
  expect(totals.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)).toBe(2_040)
  expect(
    lines
      .filter((line) => line.startsWith('m3o_request_duration_seconds_count'))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0),
  ).toBe(2_040)
})
