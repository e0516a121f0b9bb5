import { mkdir } from 'node:fs/promises'
import { laptopRevision } from '#contract/laptop-sockets.ts'
import type { ToLaptop } from '#contract/laptops.ts'
import { folderVariables } from '../folder/pulled.ts'
import { devFolders } from './folders.ts'
import { hostEnvironment } from './host-environment.ts'
import type { Prepared } from './prepare.ts'

type Held = Extract<ToLaptop, { type: 'held' }>

interface Given {
  prepared: Prepared
  held: Held
  url: string
  gatewayPort: number
}

/** What the service's process finds here: as on the platform, but for what this machine has to say itself. PORT and HOST come on top. */
export async function environmentOf({ prepared, held, url, gatewayPort }: Given): Promise<NodeJS.ProcessEnv> {
  const { team, environment, service, instance, key } = held
  const data = devFolders.data({ url, team, environment, service })
  await mkdir(data, { recursive: true, mode: 0o700 })
  // What was pulled stands in for what may not be read there; what was changed in the folder is what one wants here.
  const beside = await folderVariables(prepared.folder)
  const own = Object.fromEntries(
    [...beside.pulled, ...held.values, ...beside.own].map(({ name, value }) => [name, value]),
  )
  const given = prepared.env.PYTHONPATH
  return {
    ...hostEnvironment(),
    ...prepared.env,
    ...own,
    ...(given !== undefined && own.PYTHONPATH && { PYTHONPATH: `${given}:${own.PYTHONPATH}` }),
    M3O_SERVICE: service,
    M3O_ENVIRONMENT: environment,
    M3O_TEAM: team,
    M3O_REVISION: laptopRevision,
    M3O_INSTANCE: instance,
    M3O_DATA: data,
    M3O_GATEWAY: `http://127.0.0.1:${gatewayPort}/~${key}`,
  }
}
