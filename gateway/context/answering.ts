/** After an answer its service may still be working for the call: it fetched something without waiting for it. */
const lingerMs = 1000
/** Nothing was under way for so long: what an instance does then it does by itself. */
const quietMs = 5000
const backgroundMs = 600_000
/** Of how many answered calls it is known that they were. */
const mostAnswered = 512

/** A call that an instance answers. */
export interface Answered {
  /** It runs in another environment than the instance. */
  ofOther: boolean
  environmentId: string
  hops: number
  /** As the instance was given it. */
  traceparent: string
}

/**
 * What an instance is answering, in order to judge a call of its own that does not say to which of them it belongs.
 *
 * Alone it cannot be told whether such a call lost its context or never had one, as those of timers. It counts as lost
 * while the instance answers a call of another environment than its own, or has just done so, unless it also asks the
 * same service when it has nothing to answer: then that is its habit. Wherever only its own environment calls, nothing can
 * be lost: the call is made there anyway.
 */
export class Answering {
  /** How many it answers, by their hops. */
  private readonly byHops: number[] = []
  private all = 0
  private others = 0
  private lastAt = -Infinity
  private lastOtherAt = -Infinity
  /** When it last asked a service while it had nothing to answer. */
  private habits: Map<string, number> | undefined
  /** Of other environments than its own: how many calls it answers. */
  private readonly inOthers = new Map<string, number>()
  /** Environments of the calls that it answered last, by traceparent; kept only where several environments meet. */
  private readonly answered = new Map<string, Answered>()

  begin({ ofOther, environmentId, hops }: Answered): void {
    this.all++
    this.byHops[hops] = (this.byHops[hops] ?? 0) + 1
    if (!ofOther) return
    this.others++
    this.inOthers.set(environmentId, (this.inOthers.get(environmentId) ?? 0) + 1)
  }

  end(call: Answered, now = performance.now()): void {
    const { ofOther, environmentId, hops } = call
    if (this.others > 0 || now - this.lastOtherAt < backgroundMs) this.remember(call)
    this.all--
    this.byHops[hops] = (this.byHops[hops] ?? 1) - 1
    this.lastAt = now
    if (!ofOther) return
    this.others--
    this.lastOtherAt = now
    const left = (this.inOthers.get(environmentId) ?? 1) - 1
    if (left > 0) this.inOthers.set(environmentId, left)
    else this.inOthers.delete(environmentId)
  }

  /**
   * The instance says that it calls for one that it has answered, while it answers calls of other environments than that
   * one's. It may go on working for it; or a loop that this call began works for the others by now, in its environment.
   */
  isLate(traceparent: string): boolean {
    const call = this.answered.get(traceparent)
    if (call === undefined) return false
    const same = call.ofOther ? (this.inOthers.get(call.environmentId) ?? 0) : this.all - this.others
    return this.all > same
  }

  /**
   * Hops of what it calls without saying how many there were: those of the deepest call that it answers. Services that pass
   * nothing on and call each other in a circle would go on for ever otherwise, and no other call comes near the limit.
   */
  get deepest(): number {
    return Math.max(
      0,
      this.byHops.findLastIndex((calls) => calls > 0),
    )
  }

  /** The instance calls a service and says nothing of where. */
  hasLost(serviceId: string, now = performance.now()): boolean {
    if (this.all === 0 && now - this.lastAt > quietMs) {
      ;(this.habits ??= new Map()).set(serviceId, now)
      return false
    }
    if (this.others === 0 && now - this.lastOtherAt > lingerMs) return false
    return now - (this.habits?.get(serviceId) ?? -Infinity) > backgroundMs
  }

  private remember(call: Answered): void {
    if (this.answered.size >= mostAnswered) this.answered.delete(this.answered.keys().next().value as string)
    this.answered.set(call.traceparent, call)
  }
}
