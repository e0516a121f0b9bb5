import type { Command } from 'commander'
import { readInput } from '../input.ts'
import type { Run } from '../run.ts'
import { note, print } from '../output.ts'

/** What git asks for a token (gitcredentials(7)): nothing of it is kept anywhere else than in the command's own settings. */
export function addGitCredentialCommand(program: Command, run: Run): void {
  program.command('git-credential <operation>', { hidden: true }).action(
    run(
      async (session, operation: string) => {
        const asked = new Map(
          (await readInput())
            .split('\n')
            .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const),
        )
        // What it would have kept or dropped is remembered by `m3o login`.
        if (operation !== 'get') return
        const origin = `${asked.get('protocol')}://${asked.get('host')}`
        const at =
          new URL(session.url).origin === origin
            ? session
            : session.config.urls.filter((url) => new URL(url).origin === origin).map((url) => session.on(url))[0]
        if (at?.token === undefined) {
          note(session, `You are not logged in to ${origin}: m3o login --url ${origin}`)
          return print('quit=1')
        }
        print(`username=m3o\npassword=${at.token}\n`)
      },
      { saysPlace: true },
    ),
  )
}
