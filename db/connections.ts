import pg from 'pg'
import { nameOf } from './prepared.ts'

/** Where the database is: a URL, or the folder of a unix socket where peers are known by their uid. */
export type ConnectionOptions = { url: string } | { socketDir: string; database: string; user: string }

export interface PoolOptions {
  /** Connections at most. */
  max: number
  /** What is asked at once is sent at once, each without waiting for the answer to the one before. */
  pipelined?: boolean
  /** Unused for so long, one is closed. 0: never, nor for its age. */
  idleMs?: number
  onClose?: () => void
}

const connectWithinMs = 10_000
const oldestS = 45 * 60

/** The connection is lost, or there is none: the client and the system say so in many ways, which are the `cause`. */
export class ConnectionLost extends Error {
  /** SQLSTATE `connection_failure`. */
  readonly code = '08006'

  constructor(cause: unknown) {
    const { message, errors } = cause as { message?: string; errors?: readonly { message: string }[] }
    super(message || errors?.[0]?.message || String(cause), { cause })
  }
}

const nothing: pg.QueryResult = { command: 'BEGIN', rowCount: 0, oid: 0, fields: [], rows: [] }

/** One connection, as drizzle asks it. Once lost it refuses, and never becomes another. */
export class Connection {
  readonly client: pg.PoolClient
  #lost = false
  readonly #pipelined: boolean
  #begun: Promise<unknown> | undefined

  constructor(client: pg.PoolClient, pipelined: boolean) {
    this.client = client
    this.#pipelined = pipelined
    const lost = () => void (this.#lost = true)
    // Without a listener it would end the process, also when nobody asks for anything.
    client.on('error', lost)
    client.on('end', lost)
  }

  /** @throws ConnectionLost, or pg.DatabaseError with what the server said */
  async query(config: pg.QueryConfig, values: unknown[] = []): Promise<pg.QueryResult> {
    const asked = this.client
      .query({ ...config, name: nameOf(config.text, values.length, config.name !== undefined) }, values)
      .catch((error: unknown) => {
        throw this.#lost && !(error instanceof pg.DatabaseError) ? new ConnectionLost(error) : error
      })
    // A transaction's first question goes with its beginning, which a server that answers at all does not refuse.
    if (this.#pipelined && config.text === 'begin') {
      asked.catch(() => {}) // seen with what follows
      this.#begun = asked
      return nothing
    }
    const [begun] = [this.#begun, (this.#begun = undefined)]
    const result = await asked
    await begun
    // The server takes `commit` for an answer when something in the transaction has failed, and keeps nothing.
    if (config.text === 'commit' && result.command === 'ROLLBACK')
      throw new Error('the transaction was rolled back: a statement in it failed')
    return result
  }

  close(): void {
    this.#lost = true
    this.client.connection.stream.destroy()
  }
}

/** Those of a process to the database: each is somebody's alone while they use it. */
export class Connections {
  readonly #pool: pg.Pool
  readonly #pipelined: boolean
  readonly #open = new Map<pg.PoolClient, Connection>()
  /** How to refuse whoever uses one, or waits for one. */
  readonly #users = new Set<(reason: ConnectionLost) => void>()
  #unused = () => {}
  #closing: Promise<void> | undefined

  constructor(
    options: ConnectionOptions,
    { max, pipelined = false, idleMs = 60_000, onClose = () => {} }: PoolOptions,
  ) {
    this.#pipelined = pipelined
    this.#pool = new pg.Pool({
      ...placeOf(options),
      Client: Patient,
      max,
      pipeline: pipelined,
      idleTimeoutMillis: idleMs,
      maxLifetimeSeconds: idleMs === 0 ? 0 : oldestS,
      application_name: 'm3o',
      keepAlive: true,
    })
    this.#pool.on('connect', (client) => void this.#open.set(client, new Connection(client, pipelined)))
    this.#pool.on('remove', (client) => {
      this.#open.delete(client)
      onClose()
    })
    this.#pool.on('error', () => {})
  }

  /** On any of them, one question. @throws as {@link Connection.query} */
  query(config: pg.QueryConfig, values: unknown[] = []): Promise<pg.QueryResult> {
    return this.use((connection) => connection.query(config, values))
  }

  /** @throws ConnectionLost, or pg.DatabaseError when the server refuses */
  async use<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) throw new ConnectionLost(new Error('the connections are closed'))
    const { promise: refused, reject } = Promise.withResolvers<never>()
    this.#users.add(reject)
    try {
      return await Promise.race([this.#lend(work), refused])
    } finally {
      this.#users.delete(reject)
      if (this.#users.size === 0) this.#unused()
    }
  }

  /** What is under way has `withinS` seconds to end. */
  close(withinS: number): Promise<void> {
    return (this.#closing ??= this.#close(withinS))
  }

  async #close(withinS: number): Promise<void> {
    const late = Promise.withResolvers<void>()
    const timer = setTimeout(late.resolve, withinS * 1_000)
    const unused = new Promise<void>((resolve) => (this.#users.size === 0 ? resolve() : (this.#unused = resolve)))
    await Promise.race([unused, late.promise])
    const ended = this.#pool.end()
    for (const reject of this.#users) reject(new ConnectionLost(new Error('the connections are closed')))
    // A server that is paused does not even take leave.
    await Promise.race([ended, late.promise])
    clearTimeout(timer)
    for (const connection of this.#open.values()) connection.close()
  }

  async #lend<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect().catch((error: unknown) => {
      throw error instanceof pg.DatabaseError ? error : new ConnectionLost(error)
    })
    try {
      return await work(this.#open.get(client) ?? new Connection(client, this.#pipelined))
    } finally {
      // What is still in a transaction is not given to the next.
      client.release(client.getTransactionStatus() !== 'I')
    }
  }
}

/** A pool's own limit would also count the time that somebody waits for a connection of it. */
class Patient extends pg.Client {
  constructor(config?: pg.ClientConfig) {
    super({ ...config, connectionTimeoutMillis: connectWithinMs })
  }
}

function placeOf(options: ConnectionOptions): pg.PoolConfig {
  if (!('url' in options)) return { host: options.socketDir, database: options.database, user: options.user }
  const url = new URL(options.url)
  // `sslmode` means what PostgreSQL's manual says.
  if (url.searchParams.has('sslmode')) url.searchParams.set('uselibpqcompat', 'true')
  return { connectionString: url.href }
}
