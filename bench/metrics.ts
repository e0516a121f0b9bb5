/**
 * What a month of services' curves takes on the disk: `node bench/metrics.ts [--services 200]`. As many services are written as a
 * month of use leaves them, each called by two kinds of callers: busy ones every second of it, usual ones in one minute of ten,
 * seldom ones once an hour. Prints how much each takes with its indexes, what 10,000 services come to of which 5 % are busy and
 * 45 % usual, against 2 GiB, and how long a chart of the month takes, against 50 ms.
 */
import { parseArgs } from 'node:util'
import { sql } from 'drizzle-orm'
import { openDb } from '#db/open.ts'
import { metrics } from '#db/schema.ts'
import { temporaryDatabase } from '#e2e/database/temporary-database.ts'
import type { Platform } from '#runtime/platform.ts'
import { chartOf } from '#runtime/traffic/charts.ts'
import { tiers } from '#runtime/traffic/history.ts'
import { emptySlot, encodeSlots, type Slot } from '#runtime/traffic/slot.ts'
import { Traffic } from '#runtime/traffic/traffic.ts'

const { values } = parseArgs({ options: { services: { type: 'string', default: '200' } } })
const count = Number(values.services)
const reach = { bytes: 2 * 2 ** 30, chartMs: 50 }
const perRow = 120
const callers = ['person', 'service/s_other']
/** Of slots of so many seconds, the share in which there is a call, and how many there are. */
const kinds: Record<string, (seconds: number) => { share: number; calls: number }> = {
  busy: (seconds) => ({ share: 1, calls: seconds }),
  usual: (seconds) => ({ share: Math.min(1, Math.max(0.1, seconds / 600)), calls: Math.ceil(seconds / 30) }),
  seldom: (seconds) => ({ share: seconds / 3600, calls: 1 }),
}

await using database = await temporaryDatabase()
await using opened = openDb(database.options, 2)
const { db } = opened
const now = Date.now()
const bytes: Record<string, number> = {}
for (const [kind, of] of Object.entries(kinds)) {
  const before = await size()
  for (let service = 0; service < count; service++) {
    const rows = callers.flatMap((caller) =>
      tiers.flatMap(({ seconds, keptMs }) => {
        const rowMs = seconds * 1000 * perRow
        return Array.from({ length: Math.ceil(keptMs / rowMs) + 1 }, (_, back) => {
          const slots = new Map<number, Slot>()
          const { share, calls } = of(seconds)
          for (let number = 0; number < perRow; number++) if (Math.random() < share) slots.set(number, slotOf(calls))
          return {
            serviceId: `s_${kind}${String(service).padStart(18, '0')}`,
            environmentId: 'e_000000000000000000000',
            caller,
            seconds,
            startsAt: Math.floor(now / rowMs) * rowMs - back * rowMs,
            slots: encodeSlots(slots),
          }
        }).filter(({ slots }) => slots.length > 1)
      }),
    )
    for (let from = 0; from < rows.length; from += 500) await db.insert(metrics).values(rows.slice(from, from + 500))
  }
  bytes[kind] = ((await size()) - before) / count
  console.log(`${kind.padEnd(8)} ${(bytes[kind] / 1024).toFixed(1).padStart(8)} KiB a service`)
}
const { busy = 0, usual = 0, seldom = 0 } = bytes
const all = 10_000 * (busy * 0.05 + usual * 0.45 + seldom * 0.5)
console.log(
  `10,000 services ${(all / 2 ** 30).toFixed(2)} GiB: ${(all / reach.bytes).toFixed(2)} of ${reach.bytes / 2 ** 30} GiB`,
)

const environments = { e_000000000000000000000: { id: 'e_000000000000000000000', name: 'production' } }
const table = { services: {}, teams: {}, environments } as unknown as Platform['routing']['table']
const traffic = new Traffic({
  db,
  routing: { table },
  events: { emit: () => {} },
  places: { noteCalls: () => {} },
  log: console,
} as unknown as Platform)
const took: number[] = []
for (let round = 0; round < 30; round++) {
  const began = performance.now()
  await chartOf(
    traffic,
    table,
    { serviceId: `s_busy${String(round).padStart(18, '0')}`, environmentId: 'e_000000000000000000000' },
    { range: '30d', by: 'caller', environmentIds: [] },
  )
  took.push(performance.now() - began)
}
took.sort((one, other) => one - other)
const p95 = took[28] ?? NaN
console.log(
  `a busy one's month, by caller: median ${(took[15] ?? NaN).toFixed(1)} ms, p95 ${p95.toFixed(1)} ms: ${(p95 / reach.chartMs).toFixed(2)} of ${reach.chartMs} ms`,
)
process.exitCode = all <= reach.bytes && p95 <= reach.chartMs ? 0 : 1

async function size(): Promise<number> {
  const {
    rows: [row],
  } = await db.execute<{ bytes: string }>(sql`select pg_total_relation_size('metrics') as bytes`)
  return Number(row?.bytes)
}

function slotOf(calls: number): Slot {
  const requests = Math.max(1, Math.round(calls * (0.7 + Math.random() * 0.6)))
  const latency = emptySlot()
    .latency.with(2, Math.ceil(requests * 0.7))
    .with(4, Math.floor(requests * 0.2))
    .with(6, Math.floor(requests * 0.1))
  return {
    ...emptySlot(),
    requests,
    errors: Math.random() < 0.1 ? 1 : 0,
    totalMs: requests * 9,
    busyMs: requests * 11,
    latency,
  }
}
