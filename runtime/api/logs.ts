import type { Handlers } from '#contract/rpc-types.ts'
import type { runtimeApi } from '#contract/runtime-api.ts'
import { type LogTarget, namedEntry, type StoredEntry, targetKey } from '../logs/record.ts'
import type { Platform } from '../platform.ts'

type Part = Pick<Handlers<typeof runtimeApi>, Extract<keyof typeof runtimeApi, `logs.${string}`>>

export function logHandlers({ logs, routing }: Platform): Part {
  const names = ({ serviceId, environmentId }: LogTarget) => ({
    service: routing.table.services[serviceId]?.name ?? serviceId,
    environment: routing.table.environments[environmentId]?.name ?? environmentId,
  })
  const named = (entries: readonly StoredEntry[]) => entries.map((entry) => namedEntry(entry, names))

  return {
    'logs.read': async ({ targets, query }) => {
      const page = await logs.read(targets, query)
      return { ...page, entries: named(page.entries) }
    },
    'logs.volume': ({ targets, ...query }) => logs.volume(targets, query),
    'logs.follow': async function* ({ targets, filter, last, after }, { signal }) {
      const from = { ...(last !== undefined && { last }), ...(after !== undefined && { after }) }
      for await (const entries of logs.follow(targets, filter, from, signal))
        yield { entries: named(entries), seqs: seqsOf(entries) }
    },
  }
}

const seqsOf = (entries: readonly StoredEntry[]): Record<string, number> =>
  Object.fromEntries(entries.flatMap((entry) => (entry.kind === 'record' ? [[targetKey(entry), entry.seq]] : [])))
