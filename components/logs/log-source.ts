import type { TRPCClient } from '@trpc/client'
import type { LogEntry, LogFilter, Page } from '#contract/logs.ts'
import type { LiveInput } from '#contract/live.ts'
import { errorOf } from '#client/errors.ts'
import { type Handlers, type Subscription } from '#client/live-connection.ts'
import { subscribe } from '#client/live.ts'
import type { AppRouter } from '#server/router.ts'

/** Where to read: before or after the window's ends, or on from a cursor. */
export interface Reading extends LogFilter {
  order: 'older' | 'newer'
  limit: number
  beyond?: Record<string, number>
  cursor?: string
  at?: number
  budgetMs?: number
}

/** What a view needs of the platform: pages of what is stored, and what comes. */
export interface LogSource {
  read(reading: Reading): Promise<Page<LogEntry>>
  /** The record, or the first after it, of a place's own log. */
  find(place: { service: string; environment: string | undefined; seq: number }): Promise<LogEntry | undefined>
  follow(
    input: Pick<LiveInput<'logs'>, 'filter' | 'last' | 'after'>,
    handlers: Omit<Handlers<'logs'>, 'resume'> & { resume(): Pick<LiveInput<'logs'>, 'filter' | 'last' | 'after'> },
  ): Pick<Subscription, 'close'>
}

export function sourceOf(
  client: TRPCClient<AppRouter>,
  at: { team: string; environment: string; services: string[] },
): LogSource {
  return {
    read: (reading) =>
      client.logs.read.query({ ...at, ...reading }).catch((error: unknown) => {
        throw errorOf(error)
      }),
    async find({ service, environment, seq }) {
      const page = await client.logs.read
        .query({
          team: at.team,
          environment: environment ?? at.environment,
          services: [service],
          order: 'newer',
          at: seq,
          limit: 1,
        })
        .catch((error: unknown) => {
          throw errorOf(error)
        })
      return page.entries[0]
    },
    follow: (input, handlers) =>
      subscribe('logs', { ...at, ...input }, { ...handlers, resume: () => ({ ...at, ...handlers.resume() }) }),
  }
}
