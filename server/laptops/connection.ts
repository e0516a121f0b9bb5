import { connect } from 'node:net'
import { join } from 'node:path'
import { type Duplex, pipeline } from 'node:stream'
import type { WebSocket } from 'ws'
import { isPlatformError, type PlatformError } from '#contract/errors.ts'
import { readJsonLines } from '#contract/json-lines.ts'
import { laptopCalls, laptopFolder, laptopSocket } from '#contract/laptop-sockets.ts'
import { fromLaptop, type FromLaptop, type ToLaptop } from '#contract/laptops.ts'
import { splice } from '#contract/splice.ts'
import { Tunnel } from '#contract/tunnel.ts'
import { maxUnsent, TunnelFault } from '#contract/tunnel-frames.ts'
import type { TunnelStream } from '#contract/tunnel-stream.ts'
import { socketAddress } from '#contract/unix-socket.ts'
import { heard } from '../live/heard.ts'
import type { Web } from '../web.ts'
import { listenForRun, type RunSocket } from './run-socket.ts'

/** How often the other end is asked whether it is there, and how long it may say nothing. */
const pingMs = 2_000
const silenceMs = 6_000
/** Messages that wait for the one before. */
const maxPending = 64

/** RFC 6455 §7.4.1. */
const closeCode = { over: 1000, fault: 1002, restart: 1012 } as const

/** One `m3o dev`: its websocket, and the place that the runtime holds for it. Neither outlives the other. */
export class LaptopConnection {
  readonly #web: Pick<Web, 'settings' | 'runtime' | 'log'>
  readonly #socket: WebSocket
  readonly #hold: Duplex
  readonly #tunnel: Tunnel
  readonly #runs = new Map<number, RunSocket>()
  /** What is being said: one stream each. */
  readonly #said = new Set<string>()
  #instance = ''
  #pending = 0
  #doing: Promise<void> = Promise.resolve()
  #heardAt = performance.now()
  #over = false

  constructor(web: Pick<Web, 'settings' | 'runtime' | 'log'>, socket: WebSocket, hold: Duplex) {
    this.#web = web
    this.#socket = socket
    this.#hold = hold
    this.#tunnel = new Tunnel({
      listened: true,
      send: (message, sent) => socket.send(message, sent),
      onOpen: (stream, to) => this.#opened(stream, to),
      onMessage: (value) => this.#heard(value),
      onStuck: () => socket.terminate(),
    })
    socket.on('message', (message: Buffer) => this.#receive(message))
    socket.on('pong', () => (this.#heardAt = performance.now()))
    // Answered here instead of by ws, which would keep every answer for a client that does not read.
    socket.on('ping', (payload: Buffer) => {
      if (socket.bufferedAmount < maxUnsent) socket.pong(payload)
    })
    socket.on('error', () => socket.terminate())
    socket.once('close', () => this.#end())
    const timer = setInterval(() => {
      if (performance.now() - this.#heardAt > silenceMs) return socket.terminate()
      socket.ping()
    }, pingMs)
    socket.once('close', () => clearInterval(timer))
    hold.on('error', () => {})
    void this.#passOn().finally(() => this.close(this.#over ? closeCode.over : closeCode.restart))
  }

  /** It may not be held any longer, and is not to come back. */
  refuse(error: PlatformError): void {
    this.#over = true
    this.#tunnel.say({ type: 'ended', error: error.toJSON() } satisfies ToLaptop)
    this.close(closeCode.over)
  }

  /** It may come back at once. */
  close(code: number = closeCode.restart): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.close(code)
    this.#end()
    // A client that does not acknowledge the close frame is cut off.
    setTimeout(() => this.#socket.terminate(), 1_000).unref()
  }

  #end(): void {
    // First, so that the gateway finds nobody there any more and turns to what is beneath.
    for (const run of [...this.#runs.keys()]) this.#closeRun(run)
    this.#hold.destroy()
    this.#tunnel.close(new Error('the connection to the laptop was lost'))
  }

  #receive(message: Buffer): void {
    this.#heardAt = performance.now()
    try {
      this.#tunnel.receive(message)
    } catch (error) {
      if (!(error instanceof TunnelFault))
        this.#web.log.error({ err: error }, 'a message from a laptop could not be handled')
      this.close(closeCode.fault)
    }
  }

  /** What the runtime says of the place. */
  async #passOn(): Promise<void> {
    try {
      for await (const line of readJsonLines(this.#hold)) {
        const message = line as ToLaptop
        if (message.type === 'held') this.#instance = message.instance
        if (message.type === 'idle') this.#closeRun(message.run)
        if (message.type === 'ended') this.#over = true
        this.#tunnel.say(message)
      }
    } catch {
      // The runtime is gone: the laptop takes its place again when it is back.
    }
  }

  #heard(value: unknown): void {
    const said = heard(fromLaptop, value)
    if (said === undefined || this.#pending >= maxPending)
      throw new TunnelFault('an unknown message, or too many messages')
    this.#pending++
    this.#doing = this.#doing
      .then(() => this.#obey(said))
      .catch((error: unknown) => {
        this.#web.log.error({ err: error }, 'a request of a laptop failed')
        this.close()
      })
      .finally(() => this.#pending--)
  }

  async #obey(message: FromLaptop): Promise<void> {
    if (message.type === 'serving') await this.#listen(message.run)
    if (message.type === 'stopped') for (const run of [...this.#runs.keys()]) this.#closeRun(run)
    if (message.type === 'bye') this.#over = true
    if (this.#hold.writable) this.#hold.write(`${JSON.stringify(message)}\n`)
  }

  async #listen(run: number): Promise<void> {
    if (this.#runs.has(run) || this.#instance === '') return
    // Those that were replaced are closed when the runtime says that they are idle; of saves in quick succession only the last count.
    for (const before of [...this.#runs.keys()].slice(0, -2)) this.#closeRun(before)
    const path = join(this.#web.settings.home, laptopFolder, laptopSocket(this.#instance, run))
    const listening = await listenForRun(path, () => this.#tunnel.open(`call/${run}`))
    if (this.#socket.readyState === this.#socket.OPEN) this.#runs.set(run, listening)
    else listening.close()
  }

  #closeRun(run: number): void {
    this.#runs.get(run)?.close()
    this.#runs.delete(run)
  }

  #opened(stream: TunnelStream, to: string): void {
    stream.on('error', () => {})
    if (to === 'gateway') return this.#toGateway(stream)
    if ((to === 'stdout' || to === 'stderr') && this.#instance !== '' && !this.#said.has(to)) {
      this.#said.add(to)
      stream.once('close', () => this.#said.delete(to))
      this.#toLog(stream, to).catch((error: unknown) => {
        if (!isPlatformError(error))
          this.#web.log.error({ err: error }, 'output of a process on a laptop could not be passed on')
        stream.destroy()
      })
      return
    }
    stream.destroy()
  }

  #toGateway(stream: TunnelStream): void {
    const gateway = connect({ path: socketAddress(join(this.#web.settings.home, laptopCalls)), allowHalfOpen: true })
    const giveUp = () => void gateway.destroy()
    gateway.once('error', () => stream.destroy())
    stream.once('close', giveUp)
    gateway.once('connect', () => {
      // From here on each ends as the other does, when all that it had to say has left.
      stream.off('close', giveUp)
      stream.accept()
      splice(stream, gateway)
    })
  }

  async #toLog(stream: TunnelStream, name: 'stdout' | 'stderr'): Promise<void> {
    const output = await this.#web.runtime.duplex('laptops.output', { instance: this.#instance, stream: name })
    stream.accept()
    output.resume()
    pipeline(stream, output, () => stream.destroy())
  }
}
