import { open, readFile, rename } from 'node:fs/promises'
import type { Logger } from 'pino'
import { routingTable } from '#contract/routing.ts'
import type { RouteTable } from './route-table.ts'

/** The newest table on disk, so that a gateway which starts while the runtime is away serves what it served before. */
export class TableFile {
  private readonly path: string
  private readonly table: RouteTable
  private readonly log: Logger
  private timer: NodeJS.Timeout | undefined
  private writing: Promise<void> = Promise.resolve()
  private pauseMs = 100
  private stored = ''

  constructor(path: string, table: RouteTable, log: Logger) {
    this.path = path
    this.table = table
    this.log = log
  }

  /** An unreadable file is the same as none: the runtime sends the table again. */
  async load(): Promise<void> {
    try {
      this.table.replace(routingTable.parse(JSON.parse(await readFile(this.path, 'utf8'))))
      this.stored = this.current()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.log.warn({ err: error }, 'the stored routing table cannot be read')
    }
  }

  /** Keeps every later change, many at a time when they come fast. */
  follow(): void {
    this.table.onChange(() => {
      this.timer ??= setTimeout(() => void this.flush(), this.pauseMs)
    })
  }

  async flush(): Promise<void> {
    clearTimeout(this.timer)
    this.timer = undefined
    this.writing = this.writing
      .then(() => this.write())
      .catch((error: unknown) => {
        this.log.error({ err: error }, 'the routing table cannot be stored')
      })
    await this.writing
  }

  private current(): string {
    return `${this.table.epoch}/${this.table.version}`
  }

  private async write(): Promise<void> {
    const version = this.current()
    if (this.stored === version) return
    const started = performance.now()
    const text = JSON.stringify(this.table.snapshot())
    // A large table takes this thread for a while: no more than a twentieth of the time.
    this.pauseMs = Math.max(100, 20 * (performance.now() - started))
    const temporary = `${this.path}.new`
    const file = await open(temporary, 'w', 0o600)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, this.path)
    this.stored = version
  }
}
