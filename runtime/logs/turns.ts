/**
 * Sources take turns: each does one bounded piece of work and goes to the end of the queue, so that a service that
 * floods its log delays another by one piece, and the event loop is free between two.
 */
export class Turns {
  private readonly queue: (() => Promise<void>)[] = []
  private running = 0
  private readonly atOnce: number

  constructor(atOnce = 2) {
    this.atOnce = atOnce
  }

  add(turn: () => Promise<void>): void {
    this.queue.push(turn)
    this.next()
  }

  private next(): void {
    while (this.running < this.atOnce) {
      const turn = this.queue.shift()
      if (turn === undefined) return
      this.running++
      void turn().finally(() => {
        this.running--
        setImmediate(() => this.next())
      })
    }
  }
}
