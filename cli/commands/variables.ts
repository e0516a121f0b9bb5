import type { Command } from 'commander'
import type { Variable } from '#contract/records.ts'
import { readInput } from '../input.ts'
import type { Run } from '../run.ts'
import { Misuse } from '../misuse.ts'
import { ago, show, table } from '../output.ts'

const document = ({ name, value, secret, from, overrides, inheritable, updatedAt, by }: Variable) => ({
  name,
  ...(!secret && { value }),
  from,
  overrides,
  ...(secret && { inheritable }),
  updated: new Date(updatedAt).toISOString(),
  by,
})

/** `var` and `secret` differ in what is shown again. */
export function addVariableCommands(program: Command, run: Run): void {
  for (const kind of ['var', 'secret'] as const) {
    const secret = kind === 'secret'
    const command = program
      .command(kind)
      .description(secret ? 'secrets of a service: never shown again' : 'variables of a service')

    const set = command.command('set <service> <name>').description('the value comes on standard input')
    if (secret)
      set
        .option('--inheritable', 'environments below may have it, also when this one is protected')
        .option('--not-inheritable', 'they may not, when this one is protected')
    set.action(
      run(async (session, service: string, name: string, options: Marks) => {
        const at = await session.service(service)
        const inheritable = markOf(options)
        await session.api.variables.set.mutate({
          ...at,
          name,
          value: await readInput(),
          secret,
          ...(inheritable !== undefined && { inheritable }),
        })
        show(
          session,
          { service, environment: at.environment, name, secret, ...(inheritable !== undefined && { inheritable }) },
          `Set ${name} of ${service} in ${at.environment}. It takes effect with the next deployment: m3o restart ${service}`,
        )
      }),
    )

    command
      .command('list <service>')
      .description('with the environment that each comes from')
      .action(
        run(async (session, service: string) => {
          const at = await session.service(service)
          const all = (await session.api.variables.list.query(at)).filter((one) => one.secret === secret)
          const here = all.filter((one) => one.state === 'set')
          show(session, here.map(document), () =>
            [
              here.length === 0
                ? `No ${secret ? 'secrets' : 'variables'} here.`
                : table(
                    ['name', ...(secret ? [] : ['value']), 'from', 'set', 'by'],
                    here.map((one) => [
                      one.name,
                      ...(secret ? [] : [one.value ?? '']),
                      origin(one, at.environment),
                      ago(one.updatedAt),
                      one.by,
                    ]),
                  ),
              ...all
                .filter((one) => one.state === 'withheld')
                .map(
                  ({ name, from }) =>
                    `${name} is not inherited from ${from}, which is protected: m3o secret set ${service} ${name}`,
                ),
              ...all
                .filter((one) => one.state === 'removed')
                .map(
                  ({ name, overrides }) =>
                    `${name} of ${overrides} is left out here: m3o ${kind} reset ${service} ${name}`,
                ),
            ].join('\n'),
          )
        }),
      )

    command
      .command('delete <service> <name>')
      .description('what a parent has shows again; an inherited one is left out')
      .action(
        run(async (session, service: string, name: string) => {
          const at = await session.service(service)
          await session.api.variables.delete.mutate({ ...at, name })
          show(
            session,
            { service, environment: at.environment, name, deleted: true },
            `Deleted ${name} of ${service} in ${at.environment}.`,
          )
        }),
      )

    command
      .command('reset <service> <name>')
      .description("take back what was set or left out here: the parent's shows again")
      .action(
        run(async (session, service: string, name: string) => {
          const at = await session.service(service)
          await session.api.variables.reset.mutate({ ...at, name })
          show(
            session,
            { service, environment: at.environment, name, reset: true },
            `${name} of ${service} in ${at.environment} is its parent's again.`,
          )
        }),
      )

    if (secret) {
      command
        .command('mark <service> <name>')
        .description('whether environments below a protected one may have it')
        .option('--inheritable', 'they may')
        .option('--not-inheritable', 'they may not')
        .action(
          run(async (session, service: string, name: string, options: Marks) => {
            const inheritable = markOf(options)
            if (inheritable === undefined) throw new Misuse('say which', 'Give --inheritable or --not-inheritable.')
            const at = await session.service(service)
            await session.api.variables.mark.mutate({ ...at, name, inheritable })
            show(
              session,
              { service, environment: at.environment, name, inheritable },
              `${name} of ${service} in ${at.environment} ${inheritable ? 'may be inherited' : 'is not inherited while it is protected'}.`,
            )
          }),
        )
    }
  }
}

interface Marks {
  inheritable?: boolean
  notInheritable?: boolean
}

function markOf({ inheritable, notInheritable }: Marks): boolean | undefined {
  if (inheritable && notInheritable)
    throw new Misuse('it is either inheritable or not', 'Give one of --inheritable and --not-inheritable.')
  return inheritable ? true : notInheritable ? false : undefined
}

function origin({ from, overrides, secret, inheritable }: Variable, here: string): string {
  const marks = [
    ...(overrides === null ? [] : [`overrides ${overrides}`]),
    ...(secret && inheritable && from === here ? ['inheritable'] : []),
  ]
  return marks.length === 0 ? from : `${from} (${marks.join(', ')})`
}
