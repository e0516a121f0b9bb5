import { PlatformError } from '#contract/errors.ts'

/** Of a response. */
interface Answer {
  readonly closed: boolean
  once(event: 'close', listener: () => void): unknown
  off(event: 'close', listener: () => void): unknown
}

interface Waiting {
  cost: number
  begin: () => void
}
interface Queue {
  running: number
  waiting: Set<Waiting>
}

export interface TurnLimits {
  /** Cost of all that runs at the same time. */
  atOnce: number
  /** Of that, what one key may have. */
  ofOne?: number
  /** How long a slow reader keeps its place; until the response is sent when absent. */
  holdMs?: number
  /** Cost that one key may have waiting. */
  mostWaiting?: number
}

/**
 * Work that is heavy is done by turns. Each key (a person, or a network address) has a queue of its own, and the queues are
 * served in rotation: however much one key asks for, another waits for no more than one request of each key before it.
 */
export class FairTurns {
  readonly #atOnce: number
  readonly #ofOne: number
  readonly #holdMs: number | undefined
  readonly #mostWaiting: number
  /** In the order of rotation. */
  readonly #queues = new Map<string, Queue>()
  #running = 0

  constructor({ atOnce, ofOne = atOnce, holdMs, mostWaiting = Infinity }: TurnLimits) {
    this.#atOnce = atOnce
    this.#ofOne = ofOne
    this.#holdMs = holdMs
    this.#mostWaiting = mostWaiting
  }

  /**
   * Resolves when the work may begin; false when the client has gone meanwhile. The place is given back when the answer is sent.
   * @throws PlatformError `rate_limited` when too much of this key waits already
   */
  async take(key: string, response: Answer, cost = 1): Promise<boolean> {
    if (response.closed) return false
    const queue = this.#queueOf(key)
    const counted = Math.min(cost, this.#ofOne)
    const waits = [...queue.waiting].reduce((sum, one) => sum + one.cost, 0)
    if (waits > 0 && waits + counted > this.#mostWaiting)
      throw new PlatformError('rate_limited', 'too many requests at once', {
        fix: 'Wait until some of them are done.',
        data: { retryAfterMs: 1_000 },
      })
    if (!(await this.#turn(queue, response, counted))) return false
    const give = () => {
      clearTimeout(timer)
      response.off('close', give)
      queue.running -= counted
      this.#running -= counted
      this.#serve()
    }
    const timer = this.#holdMs === undefined ? undefined : setTimeout(give, this.#holdMs)
    if (response.closed) give()
    else response.once('close', give)
    return true
  }

  #queueOf(key: string): Queue {
    const queue = this.#queues.get(key) ?? { running: 0, waiting: new Set() }
    this.#queues.set(key, queue)
    return queue
  }

  #turn(queue: Queue, response: Answer, cost: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (isTurn: boolean) => {
        queue.waiting.delete(one)
        response.off('close', leave)
        resolve(isTurn)
      }
      const one: Waiting = { cost, begin: () => settle(true) }
      const leave = () => {
        settle(false)
        this.#serve()
      }
      queue.waiting.add(one)
      response.once('close', leave)
      this.#serve()
    })
  }

  #serve(): void {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      const { key, queue, one } = next
      if (this.#running + one.cost > this.#atOnce) return
      this.#running += one.cost
      queue.running += one.cost
      // To the end of the rotation.
      this.#queues.delete(key)
      this.#queues.set(key, queue)
      one.begin()
    }
  }

  /** Whoever's turn it is, small or large: a large request is not overtaken for ever by small ones. */
  #next(): { key: string; queue: Queue; one: Waiting } | undefined {
    for (const [key, queue] of this.#queues) {
      const [one] = queue.waiting
      if (one === undefined && queue.running === 0) this.#queues.delete(key)
      if (one !== undefined && queue.running + one.cost <= this.#ofOne) return { key, queue, one }
    }
    return undefined
  }
}
