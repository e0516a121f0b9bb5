import { eq } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import type { Actor } from '#contract/rpc.ts'
import type { Handlers } from '#contract/rpc-types.ts'
import type { runtimeApi } from '#contract/runtime-api.ts'
import { environments, services } from '#db/schema.ts'
import { audited } from '../audit/audit.ts'
import type { Running } from '../instances/instances.ts'
import { revisionOf } from '../instances/spec.ts'
import type { Platform } from '../platform.ts'
import { serveExec, serveTerminal } from '../terminals/serve.ts'
import type { Terminals } from '../terminals/terminals.ts'

type Part = Pick<
  Handlers<typeof runtimeApi>,
  Extract<keyof typeof runtimeApi, `terminals.${string}` | 'instances.exec'>
>
type At = { serviceId: string; environmentId: string; instanceId: string | null }

export function terminalHandlers({ places, engine, db }: Platform, terminals: Terminals): Part {
  /** The one named, or the newest that serves; it must be of this service in this environment. */
  function instanceOf({ serviceId, environmentId, instanceId }: At): Running {
    const running = places.instances.of({ serviceId, environmentId })
    const serving = running.filter((one) => one.state === 'live').sort((a, b) => b.startedAt - a.startedAt)
    const found = instanceId === null ? (serving[0] ?? running[0]) : running.find((one) => one.id === instanceId)
    if (found) return found
    throw new PlatformError(
      'not_in_this_state',
      instanceId === null ? 'no instance is running here' : 'this instance has exited',
      { fix: 'Deploy or restart it in this environment, then try again.' },
    )
  }

  /** Who is inside sees all that the service sees, its secrets too. Of a command its program alone is told: what follows may be secret. */
  async function note(actor: Actor, { teamId, serviceId, environmentId, id }: Running, program: string): Promise<void> {
    const [[service], [environment]] = await Promise.all([
      db.select({ name: services.name }).from(services).where(eq(services.id, serviceId)),
      db.select({ name: environments.name }).from(environments).where(eq(environments.id, environmentId)),
    ])
    await audited(
      db,
      actor,
      {
        teamId,
        action: 'service.exec',
        target: `service ${service?.name}`,
        after: { environment: environment?.name, instance: id, program },
      },
      () => Promise.resolve(),
    )
  }

  return {
    'terminals.list': ({ serviceId, environmentId, userId }) => {
      const ids = new Set(places.instances.of({ serviceId, environmentId }).map((one) => one.id))
      return terminals.list(userId, (instanceId) => ids.has(instanceId))
    },
    'terminals.open': async ({ userId, cols, rows, ...at }, { actor }) => {
      const instance = instanceOf(at)
      await note(actor, instance, 'a shell')
      const instanceId = instance.id
      return {
        instanceId,
        terminalId: await terminals.open({ instanceId, userId, cols, rows, env: revisionOf(instance) }),
      }
    },
    'terminals.attach': async ({ terminalId, userId }, at) => {
      const attachment = terminals.attach(terminalId, userId)
      await serveTerminal(at.socket, attachment)
    },
    'terminals.close': async ({ terminalId, userId }) => {
      await terminals.close(terminalId, userId)
      return { ok: true }
    },
    'instances.exec': async ({ command, tty, ...where }, at) => {
      const instance = instanceOf(where)
      await note(at.actor, instance, command[0]?.split('/').at(-1)?.slice(0, 80) ?? 'a shell')
      const session = await engine.exec(instance.id, {
        env: revisionOf(instance),
        ...(command.length > 0 && { command }),
        ...(tty !== null && { tty }),
      })
      await serveExec(at.socket, session)
    },
  }
}
