import type { LogStream } from '#contract/logs.ts'
import type { Journal } from './journal.ts'
import { Mask } from './mask.ts'
import { defaultPace, Pace, type PaceLimits } from './pace.ts'
import type { LogTarget } from './record.ts'
import { Tail } from './tail.ts'
import { Turns } from './turns.ts'
import { Watches } from './watch.ts'
import type { Source } from './journal.ts'

/** A running copy whose output is to be kept. */
export interface LogSource extends LogTarget {
  instanceId: string
  revision: string | null
  /** O_APPEND files; they may not exist yet. */
  files: { stdout?: string; stderr?: string }
  /** Secret values, never to be stored. */
  mask?: readonly string[]
  /** A build's output is kept as the stream `build`, whichever file it came from. */
  stream?: LogStream
}

const defaultQuota = 256 * 1024 * 1024

interface Attached {
  journal: Journal
  tails: Map<string, Tail>
  sources: Source[]
}

interface SourcesOptions {
  now: () => number
  warn: (message: string, details: Record<string, unknown>) => void
  journalOf: (target: LogTarget) => Promise<Journal>
  quotaBytes?: number
  pace?: PaceLimits
}

/** The instances whose output is being stored. */
export class Sources {
  private readonly attached = new Map<string, Promise<Attached>>()
  private readonly paces = new WeakMap<Journal, Pace>()
  private readonly turns = new Turns()
  private readonly watches: Watches
  private readonly options: SourcesOptions

  constructor(options: SourcesOptions) {
    this.options = options
    this.watches = new Watches(options.warn)
  }

  async attach(source: LogSource): Promise<void> {
    let attached = this.attached.get(source.instanceId)
    if (attached === undefined) {
      attached = this.start(source)
      this.attached.set(source.instanceId, attached)
      attached.catch(() => this.attached.delete(source.instanceId))
    }
    await attached
  }

  async detach(instanceId: string, drain: boolean): Promise<void> {
    const attached = await this.attached.get(instanceId)
    if (attached === undefined) return
    const { journal, tails, sources } = attached
    if (drain) await Promise.all([...tails.values()].map((tail) => tail.drain()))
    this.watches.remove(instanceId)
    this.attached.delete(instanceId)
    for (const tail of tails.values()) await tail.stop()
    for (const source of sources) journal.end(source)
    await journal.settle()
  }

  async detachAll(journal: Journal): Promise<void> {
    for (const [instanceId, attached] of [...this.attached])
      if ((await attached).journal === journal) await this.detach(instanceId, false)
  }

  /** Stops reading; each goes on from there when it is attached again. */
  async close(): Promise<void> {
    this.watches.close()
    for (const attached of await Promise.all(this.attached.values()))
      for (const tail of attached.tails.values()) await tail.stop()
    this.attached.clear()
  }

  private async start(at: LogSource): Promise<Attached> {
    const { now, warn, quotaBytes = defaultQuota } = this.options
    const journal = await this.options.journalOf(at)
    const pace = this.paceOf(journal)
    const mask = new Mask(at.mask ?? [])
    const tails = new Map<string, Tail>()
    const sources: Source[] = []
    for (const file of ['stdout', 'stderr'] as const) {
      const path = at.files[file]
      if (path === undefined) continue
      const source = journal.source({ instanceId: at.instanceId, revision: at.revision, file })
      sources.push(source)
      const stderr = file === 'stderr' && at.stream === undefined
      tails.set(
        path,
        new Tail({
          path,
          stream: at.stream ?? file,
          stderr,
          mask,
          journal,
          source,
          pace,
          turns: this.turns,
          quotaBytes,
          now,
          warn,
        }),
      )
    }
    this.watches.add(at.instanceId, tails)
    return { journal, tails, sources }
  }

  private paceOf(journal: Journal): Pace {
    let pace = this.paces.get(journal)
    if (pace === undefined)
      this.paces.set(journal, (pace = new Pace(this.options.pace ?? defaultPace, this.options.now())))
    return pace
  }
}
