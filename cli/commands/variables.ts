import type { Command } from 'commander'
import { readInput } from '../input.ts'
import type { Run } from '../main.ts'
import { ago, show, table } from '../output.ts'

/** `var` and `secret` differ in what is shown again. */
export function addVariableCommands(program: Command, run: Run): void {
  for (const kind of ['var', 'secret'] as const) {
    const secret = kind === 'secret'
    const command = program.command(kind).description(secret ? 'secrets of a service: never shown again' : 'variables of a service')

    command.command('set <service> <name>').description('the value comes on standard input').action(run(async (session, service: string, name: string) => {
      const at = await session.service(service)
      await session.api.variables.set.mutate({ ...at, name, value: await readInput(), secret })
      show(session, { service, environment: at.environment, name, secret }, `Set ${name} of ${service} in ${at.environment}. It takes effect with the next deployment: m3o restart ${service}`)
    }))

    command.command('list <service>').action(run(async (session, service: string) => {
      const all = (await session.api.variables.list.query(await session.service(service))).filter((one) => one.secret === secret)
      const documents = all.map(({ name, value, from, updatedAt, by }) => ({ name, ...(!secret && { value }), from, updated: new Date(updatedAt).toISOString(), by }))
      show(session, documents, () => all.length === 0 ? `No ${secret ? 'secrets' : 'variables'} yet.` : table(
        ['name', ...(secret ? [] : ['value']), 'from', 'set', 'by'],
        all.map(({ name, value, from, updatedAt, by }) => [name, ...(secret ? [] : [value ?? '']), from, ago(updatedAt), by]),
      ))
    }))

    command.command('delete <service> <name>').action(run(async (session, service: string, name: string) => {
      const at = await session.service(service)
      await session.api.variables.delete.mutate({ ...at, name })
      show(session, { service, environment: at.environment, name, deleted: true }, `Deleted ${name} of ${service} in ${at.environment}.`)
    }))
  }
}
