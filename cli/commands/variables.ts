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
      .description(
        secret
          ? 'secrets of a service: set, list, delete, reset, mark'
          : 'variables of a service: set, list, delete, reset',
      )

    const set = command.command('set <service> <name>').description('set a value, read from standard input')
    if (secret)
      set
        .option('--inheritable', 'let environments based on this one inherit it, even if this one is protected')
        .option('--not-inheritable', 'do not let them inherit it while this one is protected')
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
          `Set ${name} of ${service} in ${at.environment}. To apply it now: m3o restart ${service}`,
        )
      }),
    )

    command
      .command('list <service>')
      .description('list them, with the environment that each value comes from')
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
                    `${name} of ${overrides} is excluded here. To inherit it again: m3o ${kind} reset ${service} ${name}`,
                ),
            ].join('\n'),
          )
        }),
      )

    command
      .command('delete <service> <name>')
      .description("delete a value set here (the parent's applies again), or exclude an inherited one")
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
      .description("remove what was set or excluded here, so that the parent's value applies")
      .action(
        run(async (session, service: string, name: string) => {
          const at = await session.service(service)
          await session.api.variables.reset.mutate({ ...at, name })
          show(
            session,
            { service, environment: at.environment, name, reset: true },
            `Reset ${name} of ${service} in ${at.environment}: the parent's value applies.`,
          )
        }),
      )

    if (secret) {
      command
        .command('mark <service> <name>')
        .description('set whether environments based on a protected one inherit a secret')
        .option('--inheritable', 'they inherit it')
        .option('--not-inheritable', 'they do not inherit it')
        .action(
          run(async (session, service: string, name: string, options: Marks) => {
            const inheritable = markOf(options)
            if (inheritable === undefined)
              throw new Misuse('give an option', 'Give --inheritable or --not-inheritable.')
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
    throw new Misuse('these options exclude each other', 'Give either --inheritable or --not-inheritable.')
  return inheritable ? true : notInheritable ? false : undefined
}

function origin({ from, overrides, secret, inheritable }: Variable, here: string): string {
  const marks = [
    ...(overrides === null ? [] : [`overrides ${overrides}`]),
    ...(secret && inheritable && from === here ? ['inheritable'] : []),
  ]
  return marks.length === 0 ? from : `${from} (${marks.join(', ')})`
}
