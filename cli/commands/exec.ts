import type { Command } from 'commander'
import { once } from 'node:events'
import { runProgram } from '../live.ts'
import type { Run } from '../run.ts'

export function addExecCommand(program: Command, run: Run): void {
  program
    .command('exec <service> [command...]')
    .description("open a shell, or run a command, in an instance's sandbox")
    .option('--instance <id>')
    .action(
      run(async (session, service: string, command: string[], { instance }: { instance?: string }) => {
        const { stdin, stdout, stderr } = process
        const asTerminal = stdin.isTTY === true && stdout.isTTY === true
        const size = () => ({ cols: stdout.columns || 80, rows: stdout.rows || 24 })
        if (asTerminal) stdin.setRawMode(true)
        try {
          return await runProgram(
            session,
            {
              ...(await session.service(service)),
              instanceId: instance ?? null,
              command,
              tty: asTerminal ? size() : null,
            },
            {
              output: async (kind, bytes) => {
                const stream = kind === 'error' ? stderr : stdout
                if (!stream.write(bytes)) await once(stream, 'drain')
              },
              input: stdin,
              onResize: (resize) => asTerminal && stdout.on('resize', () => resize(size())),
              onSignal: (signal) => {
                if (!asTerminal) for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => signal(name))
              },
            },
          )
        } finally {
          if (asTerminal) stdin.setRawMode(false)
          stdin.unref?.()
          stdin.destroy()
        }
      }),
    )
}
