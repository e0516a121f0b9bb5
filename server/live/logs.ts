import { isPlatformError } from '#contract/errors.ts'
import { authorize } from '../authorize.ts'
import { idsOf, logOf, type LogTarget, logTargets, positionsById } from '../log-targets.ts'
import { gathered } from './gathered.ts'
import { gone, type Input, outliving, type Place, type Running } from './subscription.ts'

const settleMs = 150
/** How much older than the beginning a line may be that is under way at that moment. */
const underWayMs = 10_000

/** Follows the lines of several services as one stream; goes on where it was when the runtime, or who is listened to, changes. */
export async function followLogs(place: Place, input: Input<'logs'>): Promise<Running> {
  const { web, viewer, events, sink, signal } = place
  const { team, environment } = input
  const at = await authorize(web, viewer, 'log.read', { team, environment }, { listing: true })
  const find = () => logTargets(web, viewer, { at, names: input.services })
  let targets = await find()
  /** Last `seq` passed on, by ids: a service may be renamed meanwhile. */
  const seen = new Map(
    Object.entries(await positionsById(web, viewer, { team, targets, positions: input.after ?? {} })),
  )
  /** Of a log never heard, only what it says from here on is missing: not the history that was not asked for. */
  const since = Math.max(input.filter.since ?? 0, input.after === undefined ? Date.now() - underWayMs : 0)
  if (signal.aborted) throw gone()
  const pass = gathered(sink)
  let turn = new AbortController()
  const off = events.on(at.teamId, (event) => {
    if (event.type !== 'service' && event.type !== 'deployment' && event.type !== 'environment') return
    timer ??= setTimeout(() => {
      timer = undefined
      void look()
    }, settleMs)
  })
  let timer: NodeJS.Timeout | undefined
  signal.addEventListener(
    'abort',
    () => {
      off()
      clearTimeout(timer)
      turn.abort()
    },
    { once: true },
  )
  return { done: follow() }

  /** A service was made, deployed into the environment or reset: then others are to be listened to. */
  async function look(): Promise<void> {
    const now = await find().catch(() => targets)
    if (signal.aborted || keyOf(now) === keyOf(targets)) return
    targets = now
    turn.abort()
  }

  async function follow(): Promise<void> {
    let first = true
    while (!signal.aborted) {
      turn = new AbortController()
      const current = turn.signal
      if (targets.length === 0) {
        await new Promise((resolve) => current.addEventListener('abort', resolve, { once: true }))
        continue
      }
      await outliving(current, async () => {
        const after = afterOf(targets, seen, first && input.after === undefined)
        const lines = web.runtime.stream(
          'logs.follow',
          {
            targets: idsOf(targets),
            filter: first ? input.filter : { ...input.filter, since },
            ...(first && { last: input.last }),
            ...(after && { after }),
          },
          { actor: viewer.actor, signal: current },
        )
        try {
          for await (const { entries, seqs } of lines) {
            first = false
            for (const [log, seq] of Object.entries(seqs)) seen.set(log, seq)
            await pass(entries)
          }
        } catch (error) {
          if (!current.aborted || !isPlatformError(error)) throw error
        }
      })
      // The runtime ends a stream only when it stops; without a pause a fault there would make us spin.
      if (!current.aborted) await new Promise((resolve) => setTimeout(resolve, 250))
    }
  }
}

const keyOf = (targets: LogTarget[]) => targets.map(logOf).sort().join()

/** By ids, as the runtime wants it; of those never heard, everything since they began (they are new), unless it is the start. */
function afterOf(targets: LogTarget[], seen: Map<string, number>, start: boolean): Record<string, number> | undefined {
  const entries = targets.flatMap((target): [string, number][] => {
    const seq = seen.get(logOf(target)) ?? (start ? undefined : 0)
    return seq === undefined ? [] : [[logOf(target), seq]]
  })
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}
