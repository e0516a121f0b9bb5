import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import fs from 'node:fs/promises'
import path from 'node:path'
import { PlatformError } from '#contract/errors.ts'
import { closeCatFiles } from './cat-file.ts'
import { checkTreeLimits, fileTooLarge, maxFileBytes } from './limits.ts'
import { repositoryAt, sourceFolder, type Person, type Repository } from './naming.ts'
import { ObjectBatch } from './object-batch.ts'
import { emptyTree, type Oid, type TreeEntry } from './objects.ts'
import { syncFolder } from './pack-writer.ts'
import { checkPath, rawPath } from './path.ts'
import { moveRef } from './refs.ts'
import { editTree } from './tree-edit.ts'

export interface InitialFile {
  path: string
  content: string | Uint8Array
  executable?: boolean
}

/** Makes the repository with its first commit on main; all of it appears at once, or nothing. */
export async function createRepository(
  home: string,
  input: { serviceId: string; files: InitialFile[]; author: Person; message?: string },
): Promise<{ commit: Oid }> {
  const target = repositoryAt(home, input.serviceId)
  if (await exists(target.dir))
    throw new PlatformError('name_taken', `the service ${input.serviceId} already has a source`)
  await fs.mkdir(sourceFolder(home), { recursive: true, mode: 0o700 })
  const fresh: Repository = {
    serviceId: input.serviceId,
    dir: path.join(sourceFolder(home), `.new-${randomBytes(9).toString('hex')}`),
  }
  try {
    await layOut(fresh.dir)
    const batch = new ObjectBatch(fresh)
    const edits = new Map<string, TreeEntry>()
    for (const file of input.files) {
      const body = typeof file.content === 'string' ? Buffer.from(file.content, 'utf8') : file.content
      if (body.length > maxFileBytes) throw fileTooLarge(file.path)
      edits.set(rawPath(checkPath(file.path)), {
        mode: file.executable ? '100755' : '100644',
        oid: batch.add('blob', body),
      })
    }
    refuseOverlap(edits)
    const tree = await editTree(fresh, emptyTree, edits, batch)
    const commit = batch.commit({
      tree,
      parents: [],
      author: input.author,
      time: Date.now() / 1000,
      message: input.message ?? 'Create the service',
    })
    await checkTreeLimits(fresh, tree)
    await batch.flush()
    await moveRef(fresh, 'refs/heads/main', { to: commit, expected: undefined })
    await closeCatFiles(fresh.dir)
    await fs.rename(fresh.dir, target.dir)
    await syncFolder(sourceFolder(home))
    return { commit }
  } catch (error) {
    await closeCatFiles(fresh.dir)
    await fs.rm(fresh.dir, { recursive: true, force: true })
    throw error
  }
}

/** The repository, or `not_found`. */
export async function openRepository(home: string, serviceId: string): Promise<Repository> {
  const repository = repositoryAt(home, serviceId)
  if (!existsSync(repository.dir)) throw new PlatformError('not_found', `the service ${serviceId} has no source`)
  return repository
}

export async function repositoryExists(home: string, serviceId: string): Promise<boolean> {
  return await exists(repositoryAt(home, serviceId).dir)
}

/** Puts it into the trash, from where `restoreRepository` takes it back until `emptyTrash`. */
export async function deleteRepository(home: string, serviceId: string): Promise<void> {
  const { dir } = await openRepository(home, serviceId)
  const trash = path.join(sourceFolder(home), '.trash')
  await fs.mkdir(trash, { recursive: true, mode: 0o700 })
  await closeCatFiles(dir)
  await fs.rename(dir, path.join(trash, `${serviceId}.${Date.now()}.git`))
  await syncFolder(trash)
}

export async function restoreRepository(home: string, serviceId: string): Promise<void> {
  const { dir } = repositoryAt(home, serviceId)
  if (await exists(dir)) throw new PlatformError('not_in_this_state', `the source of ${serviceId} was not deleted`)
  const trash = path.join(sourceFolder(home), '.trash')
  const kept = (await fs.readdir(trash).catch(() => []))
    .filter((name) => name.startsWith(`${serviceId}.`))
    .sort()
    .at(-1)
  if (kept === undefined) throw new PlatformError('not_found', `the source of ${serviceId} is not in the trash`)
  await fs.rename(path.join(trash, kept), dir)
  await syncFolder(sourceFolder(home))
}

/** Removes for good what was deleted before `olderThan`, and what kills left half made. */
export async function emptyTrash(home: string, olderThan: Date): Promise<void> {
  const source = sourceFolder(home)
  const trash = path.join(source, '.trash')
  for (const name of await fs.readdir(trash).catch(() => [])) {
    if (Number(name.split('.')[1]) < olderThan.getTime())
      await fs.rm(path.join(trash, name), { recursive: true, force: true })
  }
  for (const name of await fs.readdir(source).catch(() => [])) {
    if (!/^\.(new|upload)-/.test(name)) continue
    const stat = await fs.stat(path.join(source, name)).catch(() => undefined)
    if (stat !== undefined && stat.mtimeMs < olderThan.getTime())
      await fs.rm(path.join(source, name), { recursive: true, force: true })
  }
}

/** `a` and `a/b` cannot both be files. */
export function refuseOverlap(edits: ReadonlyMap<string, unknown>): void {
  for (const file of edits.keys()) {
    for (let slash = file.lastIndexOf('/'); slash > 0; slash = file.lastIndexOf('/', slash - 1)) {
      const folder = file.slice(0, slash)
      if (edits.has(folder))
        throw new PlatformError('invalid_path', `${folder} is both a file and a folder`, { field: 'path' })
    }
  }
}

/** What `git init --bare` makes, without its sample hooks and without starting git; git takes a folder with an empty HEAD for none of its own. */
export async function layOut(dir: string): Promise<void> {
  for (const folder of ['objects/info', 'objects/pack', 'refs/heads', 'refs/tags'])
    await fs.mkdir(path.join(dir, folder), { recursive: true, mode: 0o700 })
  await fs.writeFile(path.join(dir, 'HEAD'), 'ref: refs/heads/main\n', { flush: true })
  await fs.writeFile(
    path.join(dir, 'config'),
    '[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n\tlogAllRefUpdates = false\n',
    { flush: true },
  )
  await syncFolder(dir)
}

export async function exists(name: string): Promise<boolean> {
  return await fs.stat(name).then(
    () => true,
    () => false,
  )
}
