import { PlatformError } from '#contract/errors.ts'
import type { Repository } from './naming.ts'
import type { Oid } from './objects.ts'
import { maxDepth, measureTree, type TreeSize } from './tree-edit.ts'

export const maxFileBytes = 100 << 20
export const maxTreeBytes = 512 << 20
export const maxFiles = 10_000
export const maxFolders = 10_000
/** Up to here a text is shown and edited; above it, it is streamed. */
export const maxTextBytes = 1 << 20

export function checkTreeSize({
  files,
  bytes,
  folders = 0,
  depth = 0,
}: Pick<TreeSize, 'files' | 'bytes'> & Partial<TreeSize>): void {
  if (folders > maxFolders || depth > maxDepth) throw tooManyFolders()
  if (files > maxFiles) {
    throw new PlatformError(
      'too_large',
      `the source has ${files.toLocaleString('en')} files, at most ${maxFiles.toLocaleString('en')} are allowed`,
      {
        fix: 'Exclude files that are not needed in .gitignore.',
        data: { files, maxFiles },
      },
    )
  }
  if (bytes > maxTreeBytes) {
    throw new PlatformError('too_large', `the source would be larger than ${maxTreeBytes >> 20} MB`, {
      fix: "Store large data in the service's data folder, not in its source.",
      data: { bytes, maxBytes: maxTreeBytes },
    })
  }
}

export async function checkTreeLimits(repository: Repository, tree: Oid): Promise<void> {
  checkTreeSize(await measureTree(repository, tree))
}

/** For git, which would go into every folder of both. Old commits may be larger than what can be deployed. */
export async function requireWalkable(repository: Repository, trees: readonly Oid[]): Promise<void> {
  for (const tree of trees) {
    const { files, folders, depth } = await measureTree(repository, tree)
    if (files + folders > maxWalked || depth > maxDepth) throw tooManyFolders()
  }
}
const maxWalked = 200_000

const tooManyFolders = () =>
  new PlatformError(
    'too_large',
    `the source has more than ${maxFolders.toLocaleString('en')} folders, or folders more than ${maxDepth} deep`,
    { fix: 'Push a commit without them.' },
  )

export function fileTooLarge(path: string): PlatformError {
  return new PlatformError('too_large', `${path} is larger than ${maxFileBytes >> 20} MB`, {
    fix: "Store large data in the service's data folder, not in its source.",
    field: 'path',
    data: { path, maxBytes: maxFileBytes },
  })
}
