import type { Command } from 'commander'
import type { Run } from '../run.ts'
import { show } from '../output.ts'

export function addPinCommands(env: Command, run: Run): void {
  env
    .command('pin <environment>')
    .description('keep what it inherits as it is now, rather than following its parent; again: as it is then')
    .action(
      run(async (session, name: string) => {
        const team = await session.team()
        const { services, following } = await session.api.environments.pin.mutate({ team, environment: name })
        show(
          session,
          { environment: name, pinned: true, services, following },
          [
            `${name} keeps ${services === 1 ? '1 service' : `${services} services`} as ${services === 1 ? 'it is' : 'they are'} now. Nothing was started: each wakes on its first call.`,
            ...following.map(({ service, why }) => `${service} goes on following: ${why}.`),
          ].join('\n'),
        )
      }),
    )

  env
    .command('unpin <environment>')
    .description('follow its parent again')
    .action(
      run(async (session, name: string) => {
        const { services } = await session.api.environments.unpin.mutate({
          team: await session.team(),
          environment: name,
        })
        show(
          session,
          { environment: name, pinned: false, services },
          `${name} follows its parent again${services === 0 ? '' : `, ${services === 1 ? '1 service' : `${services} services`}`}.`,
        )
      }),
    )
}
