import type { Command } from 'commander'
import { scopeWords } from '#contract/token-scope.ts'
import { parseExpiry } from '../input.ts'
import { oneOf } from '../misuse.ts'
import type { Run } from '../run.ts'
import { ago, show, table } from '../output.ts'

const list = (value: string, all: string[]) => [
  ...all,
  ...value
    .split(',')
    .map((one) => one.trim())
    .filter(Boolean),
]

const iso = (at: number | null) => (at === null ? null : new Date(at).toISOString())

interface Create {
  scope: string[]
  service: string[]
  environment: string[]
  expires?: string
  machine?: true | string
}

export function addTokenCommands(program: Command, run: Run): void {
  const token = program.command('token').description('tokens: create, list, revoke')

  token
    .command('create <name>')
    .description('create a token; it is shown once')
    .option('--scope <actions>', 'service.call, service.*, *.read … (default: all you may do)', list, [])
    .option('--service <service>', 'limit to these services', list, [])
    .option('--environment <environment>', 'limit to these environments', list, [])
    .option('--expires <duration>', 'lifetime, such as 30d')
    .option('--machine [role]', 'belongs to the team and stays when you leave; as developer or viewer')
    .action(
      run(async (session, name: string, options: Create) => {
        const { team, environment } = await session.place()
        const { token: secret, ...made } = await session.api.tokens.create.mutate({
          team,
          name,
          expiresAt: options.expires === undefined ? null : parseExpiry(options.expires),
          scope: {
            ...(options.scope.length > 0 && { actions: options.scope }),
            ...(options.service.length > 0 && { services: options.service }),
            ...(options.environment.length > 0 && { environments: options.environment }),
          },
          environment: environment === 'production' ? null : environment,
          machine:
            options.machine === undefined
              ? null
              : {
                  role: oneOf('role', options.machine === true ? 'developer' : options.machine, [
                    'viewer',
                    'developer',
                  ] as const),
                },
        })
        show(session, { token: secret, id: made.id, name: made.name, expires: iso(made.expiresAt) }, secret)
      }),
    )

  token
    .command('list')
    .option('--everyone', "include everybody's and machine tokens")
    .action(
      run(async (session, { everyone = false }: { everyone?: boolean }) => {
        const all = await session.api.tokens.list.query({ team: await session.team(), everyone })
        const documents = all.map(
          ({ id, name, scope, environment, createdAt, expiresAt, lastUsedAt, person, machine }) => ({
            id,
            name,
            scope,
            environment,
            created: iso(createdAt),
            expires: iso(expiresAt),
            lastUsed: iso(lastUsedAt),
            ...(everyone && { of: machine === null ? person.email : null, machine: machine?.role ?? null }),
          }),
        )
        show(session, documents, () =>
          table(
            ['id', 'name', ...(everyone ? ['of'] : []), 'may', 'expires', 'used'],
            all.map((one) => [
              one.id,
              one.name,
              ...(everyone ? [one.machine === null ? one.person.email : `a machine (${one.machine.role})`] : []),
              scopeWords(one.scope),
              one.expiresAt === null ? 'never' : new Date(one.expiresAt).toISOString().slice(0, 10),
              one.lastUsedAt === null ? 'never' : ago(one.lastUsedAt),
            ]),
          ),
        )
      }),
    )

  token
    .command('revoke <token>')
    .description('revoke a token by id or name')
    .action(
      run(async (session, given: string) => {
        await session.api.tokens.revoke.mutate({ team: await session.team(), token: given })
        show(session, { token: given, revoked: true }, `Revoked ${given}.`)
      }),
    )
}
