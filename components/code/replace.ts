import type { Documents } from './documents.ts'
import { monaco } from './monaco.ts'

export interface Search {
  query: string
  regex: boolean
  caseSensitive: boolean
}

/**
 * Replaces in files of the draft as one would by hand: as edits of their documents, saved like what is typed, and undone
 * by Ctrl+Z in each. In an expression's replacement `$1` and `$&` mean what they mean in JavaScript. Answers how many.
 */
export async function replaceIn(
  documents: Documents,
  paths: readonly string[],
  search: Search,
  replacement: string,
): Promise<{ replaced: number; files: number; left: string[]; changed: string[] }> {
  const result = { replaced: 0, files: 0, left: [] as string[], changed: [] as string[] }
  for (const path of paths) {
    const loaded = await documents.load(path)
    if ('opaque' in loaded) {
      result.left.push(path)
      continue
    }
    const { model, saver } = loaded.document
    const count = replaceText(model, search, replacement)
    if (count === 0) continue
    result.replaced += count
    result.files += 1
    result.changed.push(path)
    await saver.flush().catch(() => result.left.push(path))
  }
  return result
}

function replaceText(
  model: monaco.editor.ITextModel,
  { query, regex, caseSensitive }: Search,
  replacement: string,
): number {
  const found = model.findMatches(query, false, regex, caseSensitive, null, false)
  const pattern = regex ? new RegExp(query, caseSensitive ? 'u' : 'iu') : undefined
  const edits = found.map(({ range }) => ({
    range,
    text: pattern === undefined ? replacement : model.getValueInRange(range).replace(pattern, replacement),
  }))
  model.pushStackElement()
  model.pushEditOperations([], edits, () => null)
  model.pushStackElement()
  return edits.length
}
