/** About how many bytes a value of JSON takes, without making its text. */
export function roughSize(value: unknown): number {
  let size = 0
  const left = [value]
  while (left.length > 0) {
    const next = left.pop()
    size += typeof next === 'string' ? next.length + 8 : 8
    if (typeof next === 'object' && next !== null) for (const part of Object.values(next)) left.push(part)
  }
  return size
}
