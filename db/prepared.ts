/** Of texts, and of each one's parameters: a list of any length is another text for each length. */
const mostPrepared = 200
const mostParameters = 30
const mostCounted = 2_000
const often = 3

const asked = new Map<string, number>()
const names = new Map<string, string>()

/**
 * Name of the statement that a text is prepared as; undefined when it is asked as it is. What is asked often, or is `expected` to be,
 * is parsed and planned once for each connection, and only so many texts, as each takes memory in the server for as long as its
 * connection lives.
 */
export function nameOf(text: string, parameters: number, expected = false): string | undefined {
  const name = names.get(text)
  if (name !== undefined || parameters === 0 || parameters > mostParameters || names.size >= mostPrepared) return name
  const times = (asked.get(text) ?? 0) + 1
  if (times < often && !expected) {
    if (asked.has(text) || asked.size < mostCounted) asked.set(text, times)
    return undefined
  }
  asked.delete(text)
  names.set(text, `m3o_${names.size}`)
  return names.get(text)
}
