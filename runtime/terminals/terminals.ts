import { randomBytes } from 'node:crypto'
import { PlatformError } from '#contract/errors.ts'
import type { Engine } from '#runtime/engines/engine.ts'
import type { Attachment, Size } from './terminal.ts'
import { clamp, Terminal } from './terminal.ts'

export interface TerminalSummary {
  id: string
  instanceId: string
  /** As the program set it, else empty. */
  title: string
  createdAt: number
}

export interface OpenOptions extends Size {
  instanceId: string
  userId: string
  /** Absent: an interactive shell. */
  command?: string[]
  /** Laid over the instance's. */
  env?: Record<string, string>
}

const mostPerUser = 32
const halfAnHour = 30 * 60_000

/** All terminals of this runtime. Whether a person may open one is asked before; each belongs to who opened it. */
export class Terminals {
  readonly #engine: Pick<Engine, 'exec'>
  readonly #idleMs: number
  readonly #open = new Map<string, Terminal>()

  constructor(engine: Pick<Engine, 'exec'>, { idleMs = halfAnHour } = {}) {
    this.#engine = engine
    this.#idleMs = idleMs
  }

  async open({ instanceId, userId, cols, rows, command, env }: OpenOptions): Promise<string> {
    if ([...this.#open.values()].filter((each) => each.userId === userId).length >= mostPerUser) {
      throw new PlatformError('rate_limited', `you have ${mostPerUser} terminals open`, {
        fix: 'Close one that you no longer need.',
      })
    }
    const size = { cols: clamp(cols), rows: clamp(rows) }
    const session = await this.#engine.exec(instanceId, { tty: size, ...(command && { command }), ...(env && { env }) })
    const id = `term_${randomBytes(12).toString('hex')}`
    const onEnd = () => void this.#open.delete(id)
    this.#open.set(id, new Terminal({ id, userId, instanceId, session, ...size, idleMs: this.#idleMs, onEnd }))
    return id
  }

  attach(id: string, userId: string): Attachment {
    return this.#find(id, userId).attach()
  }

  list(userId: string, isListed: (instanceId: string) => boolean = () => true): TerminalSummary[] {
    return [...this.#open.values()]
      .filter((each) => each.userId === userId && isListed(each.instanceId))
      .map(({ id, instanceId, title, createdAt }) => ({ id, instanceId, title, createdAt }))
  }

  /** Who has one open in any of these instances. */
  users(isMeant: (instanceId: string) => boolean): Set<string> {
    return new Set([...this.#open.values()].filter((each) => isMeant(each.instanceId)).map(({ userId }) => userId))
  }

  async close(id: string, userId: string): Promise<void> {
    await this.#find(id, userId).close()
  }

  /** At the end of the runtime, or when a person may no longer be here. */
  async closeAll(isMeant: (terminal: { userId: string; instanceId: string }) => boolean = () => true): Promise<void> {
    await Promise.all([...this.#open.values()].filter(isMeant).map((each) => each.close()))
  }

  #find(id: string, userId: string): Terminal {
    const terminal = this.#open.get(id)
    // Another person's does not exist for this one.
    if (terminal?.userId !== userId)
      throw new PlatformError('not_found', 'this terminal is closed', { fix: 'Open a new one.' })
    return terminal
  }
}
