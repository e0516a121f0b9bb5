import type { Socket } from 'node:net'
import { Turns } from '../turns.ts'
import type { Closable, InstancePool } from '../upstream/instance-pool.ts'
import { FrameBoundary } from './frame-boundary.ts'

/** Close, final, unmasked: 1012, service restart (IANA's registry of RFC 6455 §7.4). */
const serviceRestart = Buffer.from([0x88, 0x02, 0x03, 0xf4])
const keepAliveMs = 30_000
/** For the frame under way to end, and for the client to answer a close. */
const graceMs = 2000

/** All of a service's sockets, or of a network's, may end at the same moment. */
const ends = new Turns()

/** Both directions of an upgraded connection, each held back by its reader and ended by its end. */
export class Tunnel implements Closable {
  private readonly client: Socket
  private readonly service: Socket
  private readonly pool: InstancePool
  private readonly frames: FrameBoundary | undefined
  private closing = false
  private gone = false

  constructor(client: Socket, service: Socket, pool: InstancePool, websocket: boolean) {
    this.client = client
    this.service = service
    this.pool = pool
    this.frames = websocket ? new FrameBoundary() : undefined
    pool.addSocket(this)
    service.setKeepAlive(true, keepAliveMs)
    client.setKeepAlive(true, keepAliveMs)
    client.setNoDelay(true)
    client
      .on('data', this.onSaid)
      .on('drain', this.onClientDrain)
      .on('end', this.onClientEnd)
      .on('error', this.onGone)
      .on('close', this.onGone)
    service
      .on('data', this.onData)
      .on('drain', this.onServiceDrain)
      .on('end', this.onServiceEnd)
      .on('error', this.onGone)
      .on('close', this.onGone)
  }

  /** What came with the heads. */
  begin(fromClient: Buffer, fromService: Buffer): void {
    if (fromClient.length > 0) this.service.write(fromClient)
    if (fromService.length > 0) this.onData(fromService)
  }

  closeForRestart(): void {
    if (this.closing) return
    this.closing = true
    setTimeout(this.end, graceMs).unref()
    if (this.frames === undefined) return this.end()
    if (this.frames.atBoundary) this.sayRestart()
  }

  private sayRestart(): void {
    this.service.off('data', this.onData)
    if (this.frames?.closed !== true) this.client.write(serviceRestart)
    // The client answers with its own close, which reaches the service, and ends.
    this.service.resume()
  }

  private readonly onData = (chunk: Buffer): void => {
    const end = this.frames?.advance(chunk, this.closing) ?? chunk.length
    if (!this.client.write(end === chunk.length ? chunk : chunk.subarray(0, end))) this.service.pause()
    if (this.closing && this.frames?.atBoundary) this.sayRestart()
  }

  private readonly onSaid = (chunk: Buffer): void => {
    if (!this.service.write(chunk)) this.client.pause()
  }

  private readonly onServiceDrain = (): void => void this.client.resume()

  private readonly onClientDrain = (): void => void this.service.resume()

  private readonly onClientEnd = (): void => ends.take(() => this.service.end())

  private readonly onServiceEnd = (): void => ends.take(() => this.client.end())

  private readonly onGone = (): void => {
    if (this.gone) return
    this.gone = true
    ends.take(this.end)
  }

  private readonly end = (): void => {
    this.pool.removeSocket(this)
    // A side that ended properly is let finish; the other has nobody left to talk to.
    for (const side of [this.client, this.service]) {
      if (side.writableEnded) side.destroySoon()
      else side.destroy()
    }
  }
}
