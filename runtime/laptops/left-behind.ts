import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { laptopFolder, laptopRevision } from '#contract/laptop-sockets.ts'
import { spokenLaptop } from '#contract/laptop-names.ts'
import { person } from '#contract/records.ts'
import type { Actor } from '#contract/rpc.ts'
import { writeDurably } from '#sdk/compile/durable.ts'
import { audited } from '../audit/audit.ts'
import { outputOf } from '../instances/spec.ts'
import { readValues } from '../variables/variables.ts'
import type { Holding, Parts } from './hold.ts'

/*
 * A hold lives as long as a connection, so it is kept nowhere; but that it was let go is to be in the audit log and in the
 * service's own, also when the runtime was killed meanwhile. So each leaves a mark, which the next start finds.
 */

const mark = z.object({
  instance: z.string(),
  person,
  serviceId: z.string(),
  environmentId: z.string(),
  teamId: z.string(),
  service: z.string(),
  environment: z.string(),
  actor: z.custom<Actor>((value) => typeof value === 'object' && value !== null),
})

const fileOf = (home: string, instance: string) => join(home, laptopFolder, `${instance}.json`)

export async function writeMark(home: string, holding: Holding): Promise<void> {
  await writeDurably(fileOf(home, holding.instance), JSON.stringify(mark.parse(holding)))
}

export async function forgetMark(home: string, instance: string): Promise<void> {
  await rm(fileOf(home, instance), { force: true })
}

/** After a start of the runtime: those that held a place hold none now, and may come again. */
export async function clearLeftBehind(parts: Parts): Promise<void> {
  const { db, logs, log, settings } = parts
  const folder = join(settings.home, laptopFolder)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.json')) continue
    try {
      const {
        instance,
        person: by,
        serviceId,
        environmentId,
        teamId,
        service,
        environment,
        actor,
      } = mark.parse(JSON.parse(await readFile(join(folder, name), 'utf8')))
      const secrets = await readValues(parts, { serviceId, environmentId }).catch(() => undefined)
      // Of an environment that is gone by now nobody reads the last lines.
      if (secrets !== undefined) {
        const output = outputOf(settings.home, instance)
        const mask = Object.values(secrets).flatMap(({ secret, value }) => (secret ? [value] : []))
        await logs.attach({
          instanceId: instance,
          serviceId,
          environmentId,
          revision: laptopRevision,
          mask,
          files: { stdout: join(output, 'stdout.log'), stderr: join(output, 'stderr.log') },
        })
        await logs.detach(instance, { drain: true })
        await logs.append(
          { serviceId, environmentId },
          {
            stream: 'platform',
            level: 'warn',
            revision: laptopRevision,
            instanceId: instance,
            text: `${spokenLaptop(by)} no longer runs this service here: the platform was restarted`,
          },
        )
      }
      await rm(outputOf(settings.home, instance), { recursive: true, force: true })
      await audited(
        db,
        actor,
        {
          teamId,
          action: 'laptop.release',
          target: `service ${service}`,
          after: { environment, instance, why: 'the platform was restarted' },
        },
        async () => {},
      )
    } catch (error) {
      log.error({ err: error, mark: name }, 'what a laptop left behind could not be cleared away')
    }
    await rm(join(folder, name), { force: true })
  }
}
