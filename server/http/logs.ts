import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import { PlatformError } from '#contract/errors.ts'
import { isLogGap } from '#contract/log-words.ts'
import { type LogEntry, logFilter } from '#contract/logs.ts'
import { authorize, signedIn } from '../authorize.ts'
import { idsOf, logTargets } from '../log-targets.ts'
import { attachment } from './files.ts'
import type { Exchange } from './exchange.ts'
import { readQuery } from './query.ts'
import { inertPolicy } from './security.ts'

const asked = z.object({
  team: z.string(),
  environment: z.string(),
  /** Names with commas between; absent: all of the environment. */
  services: z.string().optional(),
  format: z.enum(['text', 'ndjson']).default('text'),
  /** A `logFilter` as JSON. */
  query: z.string().max(20_000).optional(),
})

/** `GET /api/logs`: all of the history that fits the filter, oldest first, streamed. */
export async function serveLogs({ web, request, response, url, viewer }: Exchange): Promise<void> {
  if (request.method !== 'GET') throw new PlatformError('method_not_allowed', 'logs are read with GET')
  const who = signedIn(await viewer())
  const { services, format, query, ...names } = readQuery(url, asked)
  const at = await authorize(web, who, 'log.read', names, { listing: true })
  const targets = idsOf(await logTargets(web, who, { at, names: services?.split(',').filter(Boolean) ?? [] }))
  const filter = filterOf(query)
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const page = (cursor: string | null | undefined) =>
    web.runtime.call(
      'logs.read',
      {
        targets,
        query: { ...filter, order: 'newer', limit: 5_000, ...(cursor != null && { cursor }) },
      },
      { actor: who.actor, signal: gone.signal, timeoutMs: 90_000 },
    )
  let next = await page(undefined)
  response.writeHead(200, {
    'content-type': format === 'text' ? 'text/plain; charset=utf-8' : 'application/x-ndjson',
    'content-disposition': attachment(
      `${services?.replaceAll(',', '+') || names.environment}.${format === 'text' ? 'log' : 'ndjson'}`,
    ),
    'content-security-policy': inertPolicy,
    'cache-control': 'no-store',
  })
  await pipeline(Readable.from(lines()), response).catch(() => response.destroy())

  async function* lines() {
    const write = format === 'text' ? asText : (entry: LogEntry) => `${JSON.stringify(entry)}\n`
    for (;;) {
      if (next.entries.length > 0) yield next.entries.map(write).join('')
      if (next.cursor === null) return
      next = await page(next.cursor)
    }
  }
}

function filterOf(query: string | undefined) {
  try {
    return logFilter.parse(JSON.parse(query ?? '{}'))
  } catch (cause) {
    throw new PlatformError('bad_request', 'query is not a valid log filter', { field: 'query' }, { cause })
  }
}

function asText(entry: LogEntry): string {
  if (isLogGap(entry))
    return `${entry.time ?? ''} --- ${entry.gap === 0 ? 'some' : entry.gap} lines are missing: ${entry.why}\n`
  return `${entry.time} ${entry.service}@${entry.revision ?? '-'} ${entry.level.padEnd(5)} ${entry.text}\n`
}
