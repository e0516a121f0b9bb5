import { writeFileSync } from 'node:fs'
import type { Server } from 'node:http'
import type { Logger } from 'pino'
import type { RouteTable } from './routes/route-table.ts'

const retryMs = 250

/** A successor listens before this one lets go (SO_REUSEPORT, socket(7)), so that nobody is refused meanwhile. */
export const shared = process.platform === 'linux' ? { reusePort: true } : {}

/**
 * Who has connected to a listener that closes before it took them is the successor's then, where the kernel knows how to (Linux 5.14, ip-sysctl:
 * `tcp_migrate_req`) and we may tell it to. Without it they are reset.
 */
export function handOnWhoWaits(): void {
  try {
    writeFileSync('/proc/sys/net/ipv4/tcp_migrate_req', '1')
  } catch {
    // Another system, or one that is not ours to set.
  }
}

/** Listens at the addresses that the table names, each from when its interface appears until it is named no more. */
export class Listeners {
  private readonly servers = new Map<string, { server: Server; timer: NodeJS.Timeout | undefined; closed: boolean }>()
  private readonly table: RouteTable
  private readonly make: () => Server
  private readonly log: Logger

  constructor(table: RouteTable, make: () => Server, log: Logger) {
    this.table = table
    this.make = make
    this.log = log
    table.onChange(() => this.follow())
    this.follow()
  }

  close(): void {
    for (const key of [...this.servers.keys()]) this.end(key)
  }

  private follow(): void {
    const wanted = new Map(
      [...this.table.all('listeners')].map(({ address, port }) => [`${address} ${port}`, { address, port }]),
    )
    for (const key of [...this.servers.keys()]) if (!wanted.has(key)) this.end(key)
    for (const [key, { address, port }] of wanted) if (!this.servers.has(key)) this.begin(key, address, port)
  }

  private begin(key: string, address: string, port: number): void {
    const server = this.make()
    const listener = { server, timer: undefined as NodeJS.Timeout | undefined, closed: false }
    this.servers.set(key, listener)
    let failures = 0
    const listen = () => {
      if (!listener.closed) server.listen({ port, host: address, ...shared })
    }
    server.on('error', (error: NodeJS.ErrnoException) => {
      if (failures++ === 0) this.log.warn({ err: error, address, port }, 'cannot listen yet')
      listener.timer = setTimeout(listen, retryMs)
    })
    server.on('listening', () => this.log.info({ address, port }, 'listening'))
    listen()
  }

  private end(key: string): void {
    const listener = this.servers.get(key)
    this.servers.delete(key)
    if (listener === undefined) return
    listener.closed = true
    clearTimeout(listener.timer)
    listener.server.close()
    listener.server.closeIdleConnections()
  }
}
