import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { checkout } from './stack.ts'
import { until } from './until.ts'

export interface DevEvent {
  event: string
  [more: string]: unknown
}

/** One `m3o dev --json` that runs, and what it says. */
export class DevCommand {
  readonly events: DevEvent[] = []
  readonly ended: Promise<number | null>
  #errors = ''
  readonly #child: ChildProcess

  constructor(args: readonly string[], env: Readonly<Record<string, string>>) {
    const child = (this.#child = spawn(join(checkout, 'bin/m3o'), ['dev', ...args, '--json'], {
      env: env as unknown as NodeJS.ProcessEnv,
      stdio: ['ignore', 'pipe', 'pipe'],
    }))
    createInterface({ input: child.stdout }).on('line', (line) => this.events.push(JSON.parse(line) as DevEvent))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#errors += text))
    this.ended = new Promise((resolve) => child.once('close', resolve))
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** The first such event after those that were taken before. */
  async next(event: string, fits: (event: DevEvent) => boolean = () => true): Promise<DevEvent> {
    return until(
      `m3o dev says ${event}`,
      () => {
        const at = this.events.findIndex((one) => one.event === event && fits(one))
        return at < 0 ? undefined : this.events.splice(0, at + 1).at(-1)
      },
      { withinMs: 30_000, why: () => `${JSON.stringify(this.events)}\n${this.#errors}` },
    )
  }

  /** @returns its exit code */
  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<number | null> {
    this.#child.kill(signal)
    return this.ended
  }
}
