/** Of a response. */
interface Answer {
  readonly closed: boolean
  once(event: 'close', listener: () => void): unknown
  off(event: 'close', listener: () => void): unknown
}

/**
 * Pages are made by turns, in the order in which they were asked for: each holds its data and its markup until it is sent, and
 * all that two hundred people ask for in the same moment would be more than the process may have. Whoever reads slowly keeps
 * a place only for a while.
 */
export class PageTurns {
  readonly #atOnce: number
  readonly #holdMs: number
  readonly #waiting = new Set<() => void>()
  #running = 0

  constructor({ atOnce = 8, holdMs = 2_000 }: { atOnce?: number; holdMs?: number } = {}) {
    this.#atOnce = atOnce
    this.#holdMs = holdMs
  }

  /** Resolves when the page may be made; false when whoever asked has gone meanwhile. The place is given back when the answer is sent. */
  async take(response: Answer): Promise<boolean> {
    if (response.closed) return false
    if (this.#running < this.#atOnce) this.#running++
    else if (!await this.#turn(response)) return false
    const give = () => {
      clearTimeout(timer)
      response.off('close', give)
      this.#handOn()
    }
    const timer = setTimeout(give, this.#holdMs)
    if (response.closed) give()
    else response.once('close', give)
    return true
  }

  #turn(response: Answer): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (isTurn: boolean) => {
        this.#waiting.delete(begin)
        response.off('close', leave)
        resolve(isTurn)
      }
      const begin = () => settle(true)
      const leave = () => settle(false)
      this.#waiting.add(begin)
      response.once('close', leave)
    })
  }

  /** A place goes from hand to hand: nobody who comes just now is before those who wait. */
  #handOn(): void {
    const [next] = this.#waiting
    if (next === undefined) this.#running--
    else next()
  }
}
