export interface Part {
  text: string
  place?: { path: string; line: number; column: number }
}

/** `/app/src/x.ts:3:7`, `./x.ts(3,7)`, `file:///app/x.ts:3`, `File "main.py", line 3`: in parts, those that are files of the tree with their place. */
export function placesIn(text: string, files: ReadonlySet<string>): Part[] {
  const pattern = /(?:file:\/\/)?([\w@.+/-]+\.\w+)(?::(\d+)(?::(\d+))?|\((\d+),(\d+)\)|", line (\d+))/g
  const parts: Part[] = []
  let from = 0
  for (const match of text.matchAll(pattern)) {
    const [whole, name = '', ...numbers] = match
    const path = name.replace(/^\/app\//, '').replace(/^(\.\/)+/, '')
    if (!files.has(path)) continue
    const [line, column] = numbers.filter((number) => number !== undefined).map(Number)
    parts.push(
      { text: text.slice(from, match.index) },
      { text: whole, place: { path, line: line ?? 1, column: column ?? 1 } },
    )
    from = match.index + whole.length
  }
  return [...parts, { text: text.slice(from) }].filter((part) => part.text !== '')
}
