import { PlatformError } from '#contract/errors.ts'
import type { DocFile } from '#contract/sharing.ts'
import type { SourceFile, TreeEntry } from '#contract/source.ts'
import type { Platform } from '../platform.ts'
import { mayRead, requireShared } from '../services/shared.ts'

const mostFiles = 40
const mostText = 256 << 10
const isReadme = (path: string): boolean => /^readme(\.(md|markdown|txt))?$/i.test(path)
const isDoc = (path: string): boolean => isReadme(path) || /^docs\/.+\.(md|markdown)$/i.test(path)

/** The documents of a revision: README first, then what is under docs/, by path. */
export async function docsOf(
  { source }: Pick<Platform, 'source'>,
  serviceId: string,
  commit: string,
): Promise<DocFile[]> {
  const files = await source.trees.list({ serviceId, tree: commit })
  const docs = files
    .filter(({ kind, path }) => (kind === 'file' || kind === 'executable') && isDoc(path))
    .sort((a, b) => Number(isReadme(b.path)) - Number(isReadme(a.path)) || a.path.localeCompare(b.path))
    .slice(0, mostFiles)
  return Promise.all(
    docs.map(async ({ path, hash, size }) => ({
      path,
      text: size > mostText ? null : ((await source.trees.readBlob({ serviceId, hash })).text ?? null),
    })),
  )
}

/** Of another team's service, as its production has it: its documents go with it wherever it is shared. */
export async function sharedDocs(platform: Platform, teamId: string, name: string): Promise<DocFile[]> {
  const { service, commit } = await requireShared(platform, teamId, name)
  return commit === null ? [] : docsOf(platform, service.id, commit)
}

/** Its files, where its team lets them be read. */
export async function sharedTree(platform: Platform, teamId: string, name: string): Promise<TreeEntry[]> {
  const { serviceId, commit } = await readable(platform, teamId, name)
  const files = await platform.source.trees.list({ serviceId, tree: commit })
  return files.map(({ path, kind, hash, size }) => ({
    path,
    hash,
    size,
    executable: kind === 'executable',
    kind: kind === 'link' ? 'symlink' : kind === 'module' ? 'submodule' : 'file',
  }))
}

export async function sharedFile(platform: Platform, teamId: string, name: string, path: string): Promise<SourceFile> {
  const { serviceId, commit } = await readable(platform, teamId, name)
  const file = await platform.source.trees.read({ serviceId, tree: commit, path })
  return {
    path: file.path,
    hash: file.hash,
    size: file.size,
    text: file.text ?? null,
    binary: file.content === 'binary',
  }
}

/** What of its source another team may read: the revision that serves in its production. @throws PlatformError `forbidden` */
export async function readable(
  platform: Platform,
  teamId: string,
  name: string,
): Promise<{ serviceId: string; commit: string }> {
  const { service, access, commit } = await requireShared(platform, teamId, name)
  if (!mayRead(service, access))
    throw new PlatformError('forbidden', `only its team can read the source of ${name}`, {
      fix: 'Ask its team for access: m3o share SERVICE --source callers, or --source anyone.',
    })
  if (commit === null)
    throw new PlatformError('not_in_this_state', `${name} was never deployed in its team's production`, {
      fix: 'Try again after its first deployment.',
    })
  return { serviceId: service.id, commit }
}
