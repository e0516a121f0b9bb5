import { readFile, statfs } from 'node:fs/promises'
import { and, count, isNull, min, sql } from 'drizzle-orm'
import { type Check, judgeDisk } from '#contract/checks.ts'
import { isPlatformError } from '#contract/errors.ts'
import type { gatewayApi } from '#contract/gateway-api.ts'
import type { RpcClient } from '#contract/rpc-client.ts'
import { deployments } from '#db/schema.ts'
import type { Platform } from '../platform.ts'
import { judgeGateway, judgeMemory, judgeUnderWay } from './judge.ts'

type Parts = Pick<Platform, 'db' | 'routing' | 'settings'> & { gateway: RpcClient<typeof gatewayApi> }

const answerMs = 2_000

/** Looks at all that the platform leans on, each by using it. One that cannot be looked at is itself not well. */
export async function examine(parts: Parts): Promise<Check[]> {
  const looks: Record<string, () => Promise<Check>> = {
    database: () => askDatabase(parts),
    gateway: () => askGateway(parts),
    disk: async () => judgeDisk(parts.settings.home, await statfs(parts.settings.home)),
    memory: async () => judgeMemory(await readFile('/proc/meminfo', 'latin1')),
    deployments: () => oldestUnderWay(parts),
  }
  return Promise.all(
    Object.entries(looks).map(async ([name, look]) => {
      const late = Promise.withResolvers<never>()
      const timer = setTimeout(() => late.reject(new Error(`no response within ${answerMs / 1000} s`)), answerMs)
      try {
        return await Promise.race([look(), late.promise])
      } catch (error) {
        return { name, state: 'bad' as const, says: sentence(error), fix: fixes[name] ?? null }
      } finally {
        clearTimeout(timer)
      }
    }),
  )
}

const fixes: Record<string, string> = {
  database:
    'Check the log of Postgres ($M3O_HOME/logs/postgres.log, or your own server in DATABASE_URL). Services still respond; changes wait until the database is back.',
  gateway:
    'If it stopped, it restarts within two seconds; see $M3O_HOME/logs/gateway.log for the cause. If it hangs, run kill -KILL with the pid in $M3O_HOME/run/gateway.pid.',
}

/** Drizzle's own message is the query; why it failed is its cause. */
function sentence(error: unknown): string {
  const told = !isPlatformError(error) && error instanceof Error && error.cause instanceof Error ? error.cause : error
  return (told instanceof Error ? told.message : String(told)).split('\n', 1)[0]?.slice(0, 200) ?? ''
}

async function askDatabase({ db }: Parts): Promise<Check> {
  const began = performance.now()
  await db.execute(sql`select 1`)
  return {
    name: 'database',
    state: 'ok',
    says: `responds within ${(performance.now() - began).toFixed(1)} ms`,
    fix: null,
  }
}

async function askGateway({ gateway, routing }: Parts): Promise<Check> {
  const { table } = routing
  const wanted = table.version
  return judgeGateway(await gateway.call('routes.version', {}, { timeoutMs: answerMs }), {
    version: wanted,
    epoch: table.epoch,
  })
}

async function oldestUnderWay({ db }: Parts): Promise<Check> {
  const [found] = await db
    .select({ count: count(), oldest: min(deployments.createdAt) })
    .from(deployments)
    .where(and(isNull(deployments.endedAt), isNull(deployments.liveAt)))
  return judgeUnderWay(found ?? { count: 0, oldest: null }, Date.now())
}
