/** What was tried of one surface, and which answers were wrong. */
export class Tally {
  readonly #what: string
  readonly wrong: string[] = []
  tried = 0

  constructor(what: string) {
    this.#what = what
  }

  note(isRight: boolean, wrong: string): void {
    this.tried++
    if (!isRight) this.wrong.push(wrong)
  }

  get line(): string {
    return `matrix: ${this.#what}: ${this.tried} tried, ${this.wrong.length} wrong`
  }
}
