/**
 * Makes of many askings of the same one computation at a time: who asks while one is under way shares the next, so that what
 * everybody gets was begun after they asked, and never tells of a moment before.
 */
export function together<T>(compute: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const running = new Map<string, { now: Promise<T>; next: Promise<T> | undefined }>()
  return function ask(key) {
    const under = running.get(key)
    if (under === undefined) return begin(key)
    return (under.next ??= under.now.then(
      () => begin(key),
      () => begin(key),
    ))
  }

  function begin(key: string): Promise<T> {
    const now = compute(key).finally(() => {
      // Whoever shares the next one begins it, after this.
      if (running.get(key)?.now === now) running.delete(key)
    })
    running.set(key, { now, next: undefined })
    return now
  }
}
