import { Session } from '#cli/session.ts'
import { follow } from '#cli/live.ts'
import { isLogGap } from '#contract/log-words.ts'
import { Shell } from '../stack/command.ts'
import { counter } from '../stack/programs.ts'
import { startStack } from '../stack/stack.ts'
import { fault } from './fault.ts'

const everyMs = 2

/** A viewer of a log that loses its connection again and again, at any moment, and goes on from the last line that it saw. */
export default fault({
  title: 'A log viewer reconnects while lines are written',
  full: 1_000,
  async *run(times) {
    await using cleanup = new AsyncDisposableStack()
    const stack = await startStack({ samples: false })
    cleanup.defer(() => stack.stop())
    const shell = cleanup.use(await Shell.ofAdmin(stack))
    await shell.deploy('counter', counter(everyMs))
    const { token } = await shell.json<{ token: string }>(['token', 'create', 'viewer'])
    const session = new Session({ url: stack.url, token, team: 'demo', env: 'production' }, { NODE_ENV: 'production' })

    const tally = { lines: 0, missing: 0, twice: 0, gaps: 0 }
    let seq = 0
    let number = 0
    const began = performance.now()
    for (let time = 0; time <= times; time++) {
      const after = seq === 0 ? {} : { after: { 'counter/production': seq } }
      const enough = 1 + Math.floor(Math.random() * 40)
      let got = 0
      for await (const entry of follow(session, 'logs', {
        team: 'demo',
        environment: 'production',
        services: ['counter'],
        filter: {},
        last: 10,
        ...after,
      })) {
        if (isLogGap(entry)) {
          tally.gaps++
          continue
        }
        if (seq !== 0 && entry.seq > seq + 1) tally.missing += entry.seq - seq - 1
        if (seq !== 0 && entry.seq <= seq) tally.twice++
        seq = Math.max(seq, entry.seq)
        const counted = Number(/^line (\d+)$/.exec(entry.text)?.[1] ?? 0)
        if (counted > 0 && number > 0 && counted !== number + 1) tally.missing++
        if (counted > 0) number = counted
        tally.lines++
        if (++got >= enough) break
      }
    }
    const seconds = (performance.now() - began) / 1000
    yield {
      what: 'no line is missing',
      held: tally.missing === 0 && tally.gaps === 0,
      measured: `${tally.missing} of ${tally.lines} lines, ${tally.gaps} gaps, ${times} reconnects in ${seconds.toFixed(1)} s`,
    }
    yield { what: 'no line comes twice', held: tally.twice === 0, measured: `${tally.twice} of ${tally.lines} lines` }
  },
})
