import { readdirSync } from 'node:fs'
import { setPriority } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { z } from 'zod'
import { restWhenQuiet } from '#contract/rest.ts'
import { call } from '#contract/rpc.ts'
import type { runtimeApi as RuntimeApi } from '#contract/runtime-api.ts'
import { createRpcClient } from '#contract/rpc-client.ts'
import { startGateway } from './gateway.ts'
import { type GatewaySettings, readSettings } from './settings.ts'
import { wakeMs } from './wake.ts'

/** For the parent to say that this one ends, once its successor is there. */
const untoldMs = 5_000

/** The one procedure of the runtime's that is needed here; its whole API would take 20 MB more. */
const wakeApi = {
  'instances.wake': call(
    z.object({ serviceId: z.string(), environmentId: z.string() }),
    z.object({ ok: z.literal(true) }),
  ),
} satisfies Partial<Pick<typeof RuntimeApi, 'instances.wake'>>

const log = pino({ name: 'gateway', level: process.env.M3O_LOG_LEVEL ?? 'info' })

let settings: GatewaySettings
try {
  settings = readSettings(process.env)
} catch (error) {
  log.fatal((error as Error).message)
  process.exit(2)
}

// Every call goes through here, whatever a flood of one team's has the runtime do. Linux counts it for each thread, and a collection of
// V8's waits for those that help with it. Only root may.
if (process.getuid?.() === 0) {
  setPriority(-10)
  for (const thread of process.platform === 'linux' ? readdirSync('/proc/self/task') : [])
    setPriority(Number(thread), -10)
}

const runtime = createRpcClient(wakeApi, join(settings.home, 'run', 'runtime.sock'))
try {
  const gateway = await startGateway(settings, (at) => runtime.call('instances.wake', at, { timeoutMs: wakeMs }), log)
  let stopping = false
  const stop = () => {
    if (stopping) return
    stopping = true
    gateway.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'the gateway did not stop cleanly')
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', stop).on('SIGINT', stop)
  // A parent that was killed before it told this one to end never will: its routes would be those of then for ever.
  void gateway.succeeded.then(() => setTimeout(stop, untoldMs))
  restWhenQuiet()
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException
  log.fatal(
    { err: error },
    code === 'EADDRINUSE' ? `port ${settings.port} of ${settings.host} is in use (M3O_GATEWAY_PORT)` : message,
  )
  process.exit(1)
}
