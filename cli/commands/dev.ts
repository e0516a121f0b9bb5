import { resolve } from 'node:path'
import type { Command } from 'commander'
import { isPlatformError, PlatformError } from '#contract/errors.ts'
import { serviceOf } from '../folder/service-of.ts'
import type { Run } from '../run.ts'

interface Options {
  service?: string
  force?: boolean
}

export function addDevCommand(program: Command, run: Run): void {
  program
    .command('dev [path]')
    .description('run a folder on this machine in place of its service')
    .option('--service <service>', "service name (default: from m3o.json or the folder's name)")
    .option('--force', 'take over from another laptop')
    .action(
      run(async (session, path: string | undefined, options: Options) => {
        const folder = resolve(path ?? '.')
        const place = await session.place()
        const { service } = await serviceOf(folder, { url: session.url, ...place }, options.service)
        // It takes the compiler with it, which no other command needs.
        const [{ Dev }, { jsonReport, terminalReport }] = await Promise.all([
          import('../dev/dev.ts'),
          import('../dev/report.ts'),
        ])
        const dev = new Dev({
          session,
          folder,
          at: { ...place, service },
          force: options.force ?? false,
          report: session.json ? jsonReport() : terminalReport(),
        })
        let asked = 0
        for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
          process.on(name, () => (asked++ === 0 ? dev.stop() : process.exit(1)))
        try {
          await dev.run()
        } catch (error) {
          throw withWay(error, service)
        }
        process.exit(0)
      }),
    )
}

function withWay(error: unknown, service: string): unknown {
  if (!isPlatformError(error) || error.code !== 'not_found' || !error.message.includes('service')) return error
  return new PlatformError('not_found', error.message, {
    fix: `Deploy it first, then run it here: m3o deploy --service ${service}.`,
  })
}
