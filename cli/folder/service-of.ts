import { readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { PlatformError } from '#contract/errors.ts'
import { manifestFile, parseManifest } from '#contract/manifest.ts'
import { suggestName } from '#contract/names.ts'
import { pulledService } from './clone.ts'
import { folderState, type FolderState } from './remember.ts'

/**
 * Which service a folder is: the one named, else what m3o.json says, else what it was deployed or pulled as, else the folder's name.
 * `known` is what is remembered of it. @throws PlatformError `not_found`, `invalid_name`
 */
export async function serviceOf(
  folder: string,
  place: { url: string; team: string; environment: string },
  named: string | undefined,
): Promise<{ service: string; known: FolderState | undefined }> {
  if (
    !(await stat(folder).then(
      (found) => found.isDirectory(),
      () => false,
    ))
  ) {
    throw new PlatformError('not_found', `${folder} is not a folder`, {
      fix: 'Give the folder of a service, or create one with `m3o new NAME`.',
    })
  }
  const known = await folderState(folder, place)
  const service =
    named ??
    (await nameOf(folder)) ??
    known?.service ??
    (await pulledService(folder)) ??
    suggestName(basename(folder), 'service')
  if (service === undefined)
    throw new PlatformError('invalid_name', `invalid service name: ${basename(folder)}`, {
      fix: 'Give one with --service NAME.',
    })
  return { service, known }
}

async function nameOf(folder: string): Promise<string | undefined> {
  const text = await readFile(join(folder, manifestFile), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : parseManifest(text).name
}
