import type { Command } from 'commander'
import { PlatformError } from '#contract/errors.ts'
import { environmentKinds, type Environment } from '#contract/records.ts'
import type { Run } from '../main.ts'
import { oneOf } from '../misuse.ts'
import { show, table } from '../output.ts'
import { addPinCommands } from './pins.ts'
import { addProtectionCommand, protectionDocument } from './protection.ts'

const document = ({ name, kind, owner, parent, generation, overrides, expires, pinned, protection }: Environment) => ({
  name, kind, owner: owner?.email ?? null, parent, generation,
  overrides: overrides.map(({ service, revision }) => ({ service, revision })),
  expires: expires === null ? null : new Date(expires).toISOString(),
  pinned: pinned !== null, protection: protectionDocument(protection),
})

export function addEnvironmentCommands(program: Command, run: Run): void {
  const env = program.command('env').description('environments: list, use, create, reset, protect, pin, delete')

  env.command('list').action(run(async (session) => {
    const { team, environment } = await session.place()
    const all = await session.api.environments.list.query({ team })
    show(session, all.map(document), () => table(['', 'environment', 'kind', 'parent', 'own', 'owner', 'expires'], all.map((one) => [
      one.name === environment ? '*' : '', one.name, [one.kind, ...(one.protection === null ? [] : ['protected'])].join(', '), one.parent === null ? '–' : one.pinned === null ? one.parent : `${one.parent} (pinned)`, one.overrides.map((own) => own.service).join(', ') || '–',
      one.owner?.email ?? '–', one.expires === null ? 'never' : new Date(one.expires).toISOString().slice(0, 16).replace('T', ' '),
    ])))
  }))

  env.command('use <environment>').description('the environment of later commands').action(run(async (session, name: string) => {
    const team = await session.team()
    const all = await session.api.environments.list.query({ team })
    const chosen = all.find((one) => one.name === name)
    if (chosen === undefined) throw new PlatformError('not_found', `there is no environment ${name}`, { fix: `There are ${all.map((one) => one.name).join(', ')}.` })
    session.config.remember(session.url, { environment: name })
    show(session, { ...document(chosen), team, environment: name, url: session.url }, `Using ${name}.`)
  }))

  env.command('create <environment>').option('--from <parent>', 'its parent, production by default').option('--kind <kind>', environmentKinds.slice(1).join(', '))
    .action(run(async (session, name: string, { from, kind }: { from?: string; kind?: string }) => {
      const asked = kind === undefined ? {} : { kind: oneOf('kind of environment', kind, environmentKinds.slice(1)) }
      const made = await session.api.environments.create.mutate({ team: await session.team(), name, ...(from !== undefined && { from }), ...asked })
      show(session, document(made), `Created ${name} on ${made.parent}. Use it: m3o env use ${name}`)
    }))

  env.command('reset <service>').description("drop the environment's own copy of a service").action(run(async (session, service: string) => {
    const at = await session.service(service)
    await session.api.environments.reset.mutate(at)
    show(session, { service, environment: at.environment }, `${service} in ${at.environment} is its parent's again.`)
  }))

  env.command('delete <environment>').option('--yes', 'without being asked').action(run(async (session, name: string, { yes }: { yes?: boolean }) => {
    const { confirm } = await import('../confirm.ts')
    await confirm(session, name, yes ?? false)
    await session.api.environments.delete.mutate({ team: await session.team(), environment: name })
    if (session.config.of(session.url).environment === name) session.config.remember(session.url, { environment: 'production' })
    show(session, { name, deleted: true }, `Deleted ${name}.`)
  }))

  addProtectionCommand(env, run)
  addPinCommands(env, run)
}
