const most = 1000
const longest = 40

/** What is known of a field by its name, for each way in which the name is written: asked of every field of every message. */
export class FieldNames<T> {
  private readonly known = new Map<string, T>()
  private readonly judge: (lower: string) => T

  /** @param judge what it throws is not remembered */
  constructor(judge: (lower: string) => T) {
    this.judge = judge
  }

  of(name: string): T {
    const known = this.known.get(name)
    if (known !== undefined) return known
    const judged = this.judge(name.toLowerCase())
    // A copy: a part of a text keeps all of it.
    if (this.known.size < most && name.length <= longest)
      this.known.set(Buffer.from(name, 'latin1').toString('latin1'), judged)
    return judged
  }
}
