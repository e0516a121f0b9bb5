import { and, eq, gte, inArray, lt, lte, type SQL, sql } from 'drizzle-orm'
import type { Db, Transaction } from '#db/open.ts'
import { metrics } from '#db/schema.ts'
import { addTo, decodeSlots, emptySlot, encodeSlots, type Slot } from './slot.ts'
import type { Series } from './unwritten.ts'

const hourMs = 3_600_000

/** Each is counted from the same numbers as the others, none from another: the finest first. */
export const tiers = [
  { seconds: 10, keptMs: 2 * hourMs },
  { seconds: 60, keptMs: 50 * hourMs },
  { seconds: 3600, keptMs: 32 * 24 * hourMs },
] as const
export type Tier = (typeof tiers)[number]

/** Slots in a row of the table: 20 minutes, 2 hours, 5 days. */
const perRow = 120
const rowMs = ({ seconds }: Pick<Tier, 'seconds'>) => seconds * 1000 * perRow
const perStatement = 500

interface Row {
  serviceId: string
  environmentId: string
  caller: string
  seconds: number
  startsAt: number
  slots: Map<number, Slot>
}

/** The finest of which steps are whole slots and that goes back far enough. */
export function tierFor({ sinceMs, stepMs }: { sinceMs: number; stepMs: number }): Tier {
  return (
    tiers.find(({ seconds, keptMs }) => keptMs >= sinceMs && stepMs % (seconds * 1000) === 0) ?? (tiers.at(-1) as Tier)
  )
}

/** Adds to what is there. */
export async function addToHistory(db: Transaction, all: Iterable<Series>): Promise<void> {
  const rows = new Map<string, Row>()
  for (const series of all) for (const tier of tiers) intoRows(rows, series, tier)
  const wanted = [...rows.values()]
  for (let from = 0; from < wanted.length; from += perStatement) {
    const lot = wanted.slice(from, from + perStatement)
    for (const known of await standing(db, lot)) {
      const row = rows.get(keyOf(known))
      if (row === undefined) continue
      for (const [number, slot] of decodeSlots(known.slots))
        row.slots.set(number, addTo(row.slots.get(number) ?? emptySlot(), slot))
    }
    await db
      .insert(metrics)
      .values(lot.map((row) => ({ ...row, slots: encodeSlots(row.slots) })))
      .onConflictDoUpdate({
        target: [metrics.serviceId, metrics.seconds, metrics.startsAt, metrics.environmentId, metrics.caller],
        set: { slots: sql`excluded.slots` },
      })
  }
}

/** The slots that lie between two moments, as `take` is given them: of one service, or of all services of an environment. */
export async function readHistory(
  db: Db,
  at: { serviceId: string; environmentIds?: readonly string[] } | { environmentId: string },
  {
    tier,
    from,
    to,
    take,
  }: {
    tier: Tier
    from: number
    to: number
    take: (of: { serviceId: string; environmentId: string; caller: string }, at: number, slot: Slot) => void
  },
): Promise<void> {
  const where: SQL[] = [
    eq(metrics.seconds, tier.seconds),
    gte(metrics.startsAt, from - rowMs(tier) + 1),
    lte(metrics.startsAt, to),
  ]
  if ('serviceId' in at)
    where.push(
      eq(metrics.serviceId, at.serviceId),
      ...(at.environmentIds === undefined ? [] : [inArray(metrics.environmentId, [...at.environmentIds])]),
    )
  else where.push(eq(metrics.environmentId, at.environmentId))
  for (const { slots, startsAt, ...of } of await db
    .select()
    .from(metrics)
    .where(and(...where))) {
    for (const [number, slot] of decodeSlots(slots)) {
      const begins = startsAt + number * tier.seconds * 1000
      if (begins >= from && begins <= to) take(of, begins, slot)
    }
  }
}

/** What is older than its resolution is kept. */
export async function forgetHistory(db: Db, now = Date.now()): Promise<void> {
  for (const tier of tiers)
    await db
      .delete(metrics)
      .where(and(eq(metrics.seconds, tier.seconds), lt(metrics.startsAt, now - tier.keptMs - rowMs(tier))))
}

function intoRows(rows: Map<string, Row>, { serviceId, environmentId, caller, slots }: Series, tier: Tier): void {
  for (const [at, slot] of slots) {
    const startsAt = Math.floor(at / rowMs(tier)) * rowMs(tier)
    const row: Row = { serviceId, environmentId, caller, seconds: tier.seconds, startsAt, slots: new Map() }
    const known = rows.get(keyOf(row)) ?? row
    rows.set(keyOf(row), known)
    const number = Math.floor((at - startsAt) / (tier.seconds * 1000))
    known.slots.set(number, addTo(known.slots.get(number) ?? emptySlot(), slot))
  }
}

/** Those and some more: a stretch of time and a service at a time is what the key begins with. */
function standing(db: Transaction, lot: readonly Row[]) {
  const distinct = <T>(of: (row: Row) => T): T[] => [...new Set(lot.map(of))]
  return db
    .select()
    .from(metrics)
    .where(
      and(
        inArray(
          metrics.serviceId,
          distinct(({ serviceId }) => serviceId),
        ),
        inArray(
          metrics.seconds,
          distinct(({ seconds }) => seconds),
        ),
        inArray(
          metrics.startsAt,
          distinct(({ startsAt }) => startsAt),
        ),
      ),
    )
}

const keyOf = ({ serviceId, environmentId, caller, seconds, startsAt }: Omit<Row, 'slots'>): string =>
  `${serviceId}/${environmentId}/${caller}/${seconds}/${startsAt}`
