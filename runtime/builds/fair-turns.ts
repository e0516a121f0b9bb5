interface Waiting {
  team: string
  start: () => void
}

/**
 * So many at once, fair among teams: whoever has the fewest under way is next, and a team that has none need not wait for
 * another team's to end: as many places again are kept for first ones.
 */
export class FairTurns {
  readonly #places: number
  readonly #running = new Map<string, number>()
  #waiting: Waiting[] = []
  #total = 0

  constructor(places: number) {
    this.#places = places
  }

  isFree(team: string): boolean {
    return this.#total < this.#places || (this.#of(team) === 0 && this.#total < 2 * this.#places)
  }

  /** Resolves when it may begin; `give` must follow. Throws the signal's reason. */
  async take(team: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.isFree(team)) return this.#begin(team)
    await new Promise<void>((resolve, reject) => {
      const leave = () => {
        this.#waiting = this.#waiting.filter((each) => each !== waiting)
        reject(signal.reason as Error)
      }
      const start = () => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      const waiting = { team, start }
      this.#waiting.push(waiting)
      signal.addEventListener('abort', leave, { once: true })
    })
  }

  give(team: string): void {
    this.#total -= 1
    this.#running.set(team, this.#of(team) - 1)
    if (this.#of(team) <= 0) this.#running.delete(team)
    const [next] = this.#waiting
      .filter((each) => this.isFree(each.team))
      .sort((a, b) => this.#of(a.team) - this.#of(b.team))
    if (next === undefined) return
    this.#waiting = this.#waiting.filter((each) => each !== next)
    this.#begin(next.team)
    next.start()
  }

  #of = (team: string): number => this.#running.get(team) ?? 0

  #begin(team: string): void {
    this.#total += 1
    this.#running.set(team, this.#of(team) + 1)
  }
}
