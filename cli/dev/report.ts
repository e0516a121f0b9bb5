import colors from 'picocolors'
import type { PlatformError } from '#contract/errors.ts'
import type { ToLaptop } from '#contract/laptops.ts'
import { duration, plain, print } from '../output.ts'

type Held = Extract<ToLaptop, { type: 'held' }>

/** What somebody is told in the terminal while it runs. With `--json` one document a line. */
export interface Report {
  held(held: Held, first: boolean): void
  changed(): void
  ready(ms: number, again: boolean): void
  serving(held: Held): void
  failed(error: PlatformError, served: boolean): void
  crashed(error: PlatformError, again: boolean): void
  lost(beneath: string | null): void
  note(text: string): void
  line(stream: 'stdout' | 'stderr', chunk: Buffer): void
}

const say = (text: string) => void process.stderr.write(`${colors.dim('m3o')} ${text}\n`)
const linesOf = (error: PlatformError): string[] =>
  Array.isArray(error.data?.lines) ? error.data.lines.map(String) : []
const missing = { variables: 'its variables', secrets: 'its secrets' }

/** For people: what the service prints as it is, so that its last lines stand above why it ended; our own remarks on stderr. */
export function terminalReport(): Report {
  const explain = (error: PlatformError) => {
    const [first = '', ...more] = error.message.split('\n').map(plain)
    say(`${colors.red('error:')} ${first} (${error.code})`)
    for (const line of more) say(line)
    if (error.fix !== undefined) say(plain(error.fix))
  }
  return {
    held: ({ service, environment, team, beneath, withheld }, first) => {
      if (!first) return say(colors.green('connected again'))
      say(
        `${service} in ${environment} of ${team}: this laptop takes over${beneath === null ? '' : ` from ${beneath}`} once it is ready`,
      )
      if (withheld.length > 0)
        say(
          colors.yellow(`without ${withheld.map((what) => missing[what]).join(' and ')}, which you may not read there`),
        )
    },
    changed: () => say(colors.dim('files changed')),
    ready: (ms, again) => say(`${again ? 'reloaded' : 'ready'} after ${duration(ms)}`),
    serving: ({ service, environment, url }) =>
      say(`${colors.green('serving')} ${service} in ${environment} ${colors.dim(url)}`),
    failed: (error, served) => {
      explain(error)
      say(served ? 'the previous code keeps running; waiting for a change' : 'waiting for a change')
    },
    crashed: (error, again) => {
      explain(error)
      say(again ? 'restarting' : 'it crashed too often; waiting for a change')
    },
    lost: (beneath) =>
      say(
        colors.yellow(
          `the connection was lost: ${beneath === null ? 'no revision is live' : `${beneath} is live`} until it is back`,
        ),
      ),
    note: (text) => say(plain(text)),
    line: (stream, chunk) => void process[stream].write(chunk),
  }
}

/** For programs: `{event, …}` a line; what the service prints line by line. */
export function jsonReport(): Report {
  const tell = (event: string, more: object = {}) => print(JSON.stringify({ event, ...more }))
  const body = (error: PlatformError) => ({ error: { ...error.toJSON(), data: undefined, lines: linesOf(error) } })
  const rest = { stdout: '', stderr: '' }
  return {
    held: ({ service, environment, team, url, instance, beneath, withheld }, first) =>
      tell('held', { service, environment, team, url, instance, beneath, withheld, again: !first }),
    changed: () => tell('changed'),
    ready: (ms, again) => tell('ready', { ms: Math.round(ms), again }),
    serving: ({ service, environment, instance }) => tell('serving', { service, environment, instance }),
    failed: (error, served) => tell('failed', { ...body(error), serving: served }),
    crashed: (error, again) => tell('crashed', { ...body(error), again }),
    lost: (beneath) => tell('lost', { beneath }),
    note: (text) => tell('note', { text }),
    line: (stream, chunk) => {
      const lines = (rest[stream] + chunk.toString()).split('\n')
      rest[stream] = lines.pop() ?? ''
      for (const text of lines) tell('line', { stream, text })
    },
  }
}
