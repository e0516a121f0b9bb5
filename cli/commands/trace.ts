import type { Command } from 'commander'
import colors from 'picocolors'
import { PlatformError } from '#contract/errors.ts'
import { nested, whyThere } from '#contract/traces.ts'
import type { Run } from '../run.ts'
import { plain, show } from '../output.ts'

export function addTraceCommand(program: Command, run: Run): void {
  program
    .command('trace <id>')
    .description('show the services that a call passed through, and their environments')
    .action(
      run(async (session, id: string) => {
        const hops = await session.api.calls.trace.query({ team: await session.team(), traceId: id })
        if (hops.length === 0) {
          throw new PlatformError('not_found', `trace ${id} is not available`, {
            fix: 'Only the newest few thousand calls are kept: call again. For its log lines: m3o logs --json.',
          })
        }
        show(session, hops, () =>
          nested(hops)
            .map(({ hop, depth }) => {
              const what = `${'  '.repeat(depth)}${hop.service.name} ${hop.method} ${plain(hop.path)}`
              return `${what}  ${hop.status} ${hop.ms.toFixed(1)} ms\n${'  '.repeat(depth)}  ${colors.dim(whyThere(hop))}`
            })
            .join('\n'),
        )
      }),
    )
}
