/**
 * Work of which thousands of pieces may come at the same moment: one in each turn of the event loop, in order, so that whoever else
 * is there does not wait for all of it. When nothing waits, it is done at once.
 */
export class Turns {
  private readonly waiting = new Set<() => void>()
  private turn: NodeJS.Immediate | undefined

  take(work: () => void): void {
    if (this.turn !== undefined) return void this.waiting.add(work)
    this.turn = setImmediate(this.next)
    work()
  }

  private readonly next = (): void => {
    const [work] = this.waiting
    this.turn = work === undefined ? undefined : setImmediate(this.next)
    if (work === undefined) return
    this.waiting.delete(work)
    work()
  }
}
