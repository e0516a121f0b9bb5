import type { Command } from 'commander'
import type { Run } from '../main.ts'
import { show } from '../output.ts'

/** What concerns the platform of this machine, not one that is reached over the network. */
export function addServerCommands(program: Command, run: Run): void {
  program.command('server').description('run the platform here').action(run(async () => {
    const { runServer } = await import('../server/main.ts')
    return runServer()
  }))

  program.command('doctor').description('what is wrong and what to do').action(run(async (session) => {
    const response = await session.fetch('/health')
    const { version, engine, gateway } = session.token === undefined ? {} : await session.api.platform.about.query()
    show(session, { url: session.url, status: response.status, version, engine, gateway }, () => [
      `${session.url} answers${version === undefined ? '' : `: M3O ${version}, ${engine} engine, services at ${gateway?.url}`}`,
      ...(session.token === undefined ? ['You are not logged in: m3o login'] : []),
    ].join('\n'))
  }))
}
