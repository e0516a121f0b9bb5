import type { Command } from 'commander'
import type { Run } from '../run.ts'
import { show } from '../output.ts'

export function addPinCommands(env: Command, run: Run): void {
  env
    .command('pin <environment>')
    .description('freeze the inherited revisions as they are now')
    .action(
      run(async (session, name: string) => {
        const team = await session.team()
        const { services, following } = await session.api.environments.pin.mutate({ team, environment: name })
        show(
          session,
          { environment: name, pinned: true, services, following },
          [
            `Pinned ${services === 1 ? '1 service' : `${services} services`} in ${name} as ${services === 1 ? 'it is' : 'they are'} now. Nothing was started: each wakes on its first call.`,
            ...following.map(({ service, why }) => `${service} still follows the parent: ${why}.`),
          ].join('\n'),
        )
      }),
    )

  env
    .command('unpin <environment>')
    .description("follow the parent's revisions again")
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
