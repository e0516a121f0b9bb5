import { runGit } from './git.ts'
import { requireWalkable } from './limits.ts'
import type { Repository } from './naming.ts'
import { readCommit, treeAt } from './object-reader.ts'
import { emptyTree, type Oid } from './objects.ts'
import { checkPath } from './path.ts'

export interface FileDiff {
  path: string
  status: 'added' | 'modified' | 'deleted' | 'renamed' | 'type'
  /** Before a rename. */
  from?: string
  oldHash: Oid | null
  newHash: Oid | null
  binary: boolean
  added: number
  removed: number
}

export interface Hunk {
  oldStart: number
  oldLines: number
  newStart: number
  newLines: number
  /** Function or heading that git found above it. */
  heading: string
  /** Each begins with a space, `+`, `-`, or `\` where no newline ends the file. */
  lines: string[]
}

const plain = ['--no-ext-diff', '--no-textconv', '--no-color', '--full-index', '-r', '-M', '-l2000']
const zero = '0'.repeat(40)

/** Files that differ between two commits or trees; renames are found by likeness. */
export async function diffTrees(repository: Repository, input: { from: Oid; to: Oid }): Promise<FileDiff[]> {
  const [from, to] = [await treeAt(repository, input.from), await treeAt(repository, input.to)]
  await requireWalkable(repository, [from, to])
  const { stdout } = await runGit(repository.dir, [
    'diff-tree',
    ...plain,
    '-z',
    '--raw',
    '--numstat',
    '--no-abbrev',
    from,
    to,
  ])
  return parseRaw(stdout.toString('utf8').split('\0'))
}

/** What one commit changed, against its first parent. */
export async function diffCommit(repository: Repository, commit: Oid): Promise<FileDiff[]> {
  const [parent] = (await readCommit(repository, commit)).parents
  return await diffTrees(repository, { from: parent ?? emptyTree, to: commit })
}

/** The hunks of one file; empty for a binary one. After a rename give both names. */
export async function diffFile(
  repository: Repository,
  input: { from: Oid; to: Oid; path: string; oldPath?: string; context?: number },
): Promise<Hunk[]> {
  const [from, to] = [await treeAt(repository, input.from), await treeAt(repository, input.to)]
  await requireWalkable(repository, [from, to])
  const paths = [...new Set([checkPath(input.path), checkPath(input.oldPath ?? input.path, 'oldPath')])]
  const context = Math.min(Math.max(Math.floor(input.context ?? 3), 0), 10_000)
  const { stdout } = await runGit(
    repository.dir,
    ['--literal-pathspecs', 'diff-tree', ...plain, '-p', `-U${context}`, from, to, '--', ...paths],
    { maxBytes: 16 << 20 },
  )
  return parseHunks(stdout.toString('utf8'))
}

/** `--raw -z` gives every file's record first, `--numstat -z` follows in the same order. */
function parseRaw(cells: string[]): FileDiff[] {
  const files: FileDiff[] = []
  let at = 0
  while (cells[at]?.startsWith(':')) {
    const [oldMode = '', newMode = '', oldHash = '', newHash = '', status = ''] = (cells[at++] ?? '')
      .slice(1)
      .split(' ')
    const from = cells[at++] ?? ''
    const renamed = status.startsWith('R')
    const path = renamed ? (cells[at++] ?? '') : from
    files.push({
      path,
      status: renamed
        ? 'renamed'
        : status === 'A'
          ? 'added'
          : status === 'D'
            ? 'deleted'
            : oldMode.slice(0, 2) !== newMode.slice(0, 2)
              ? 'type'
              : 'modified',
      ...(renamed && { from }),
      oldHash: oldHash === zero ? null : oldHash,
      newHash: newHash === zero ? null : newHash,
      binary: false,
      added: 0,
      removed: 0,
    })
  }
  for (const file of files) {
    const [added = '0', removed = '0', name] = (cells[at++] ?? '').split('\t')
    if (name === '') at += 2
    file.binary = added === '-'
    file.added = Number(added) || 0
    file.removed = Number(removed) || 0
  }
  return files
}

function parseHunks(patch: string): Hunk[] {
  const hunks: Hunk[] = []
  for (const line of patch.split('\n')) {
    const head = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@ ?(.*)$/.exec(line)
    const open = hunks.at(-1)
    if (head) {
      const [, oldStart, oldLines = '1', newStart, newLines = '1', heading = ''] = head
      hunks.push({
        oldStart: Number(oldStart),
        oldLines: Number(oldLines),
        newStart: Number(newStart),
        newLines: Number(newLines),
        heading,
        lines: [],
      })
    } else if (line.startsWith('diff --git ')) {
      if (open !== undefined) break
    } else if (open !== undefined && line !== '') open.lines.push(line)
  }
  return hunks
}
