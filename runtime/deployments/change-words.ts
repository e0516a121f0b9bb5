import type { ChangedFile } from '../source/draft-status.ts'

const verbs = { added: 'Add', modified: 'Edit', deleted: 'Delete', renamed: 'Rename' } as const

/** What a change is called that nobody gave a name: "Edit index.ts", "Add price.ts and tax.ts", "Edit index.ts and 4 more files"; empty for none. */
export function changesInWords(files: readonly Pick<ChangedFile, 'path' | 'status' | 'from'>[]): string {
  const [first, second] = files
  if (first === undefined) return ''
  const verb = files.every(({ status }) => status === first.status) ? verbs[first.status] : 'Edit'
  if (second === undefined)
    return first.status === 'renamed' && first.from !== undefined
      ? `Rename ${first.from} to ${first.path}`
      : `${verb} ${first.path}`
  if (files.length === 2) return `${verb} ${first.path} and ${second.path}`
  return `${verb} ${first.path} and ${files.length - 1} more files`
}
