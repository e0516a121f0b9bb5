import { connect, type Socket } from 'node:net'

const againAfterMs = 50

/** Connections that say nothing and stay; where one is turned away, the next comes. Each address of ours has few. */
export class Crowd implements Disposable {
  readonly #sockets = new Set<Socket>()
  readonly #port: number
  #over = false
  turnedAway = 0

  constructor(port: number, size: number) {
    this.#port = port
    for (let n = 0; n < size; n++) this.#come(`127.0.7.${1 + (n % 200)}`)
  }

  [Symbol.dispose](): void {
    this.#over = true
    for (const socket of this.#sockets) socket.destroy()
  }

  #come(from: string): void {
    if (this.#over) return
    const socket = connect({ port: this.#port, host: '127.0.0.1', localAddress: from })
    this.#sockets.add(socket)
    socket
      .on('error', () => {})
      .once('close', () => {
        this.#sockets.delete(socket)
        if (this.#over) return
        this.turnedAway++
        setTimeout(() => this.#come(from), againAfterMs)
      })
  }
}
