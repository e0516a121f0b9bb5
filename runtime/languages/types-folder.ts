import { createHash } from 'node:crypto'
import { access, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { renameDurably, syncTree } from '#sdk/compile/durable.ts'
import { editorTypes } from '#sdk/platform/editor-types.ts'

/** `node_modules` with the declarations that every service finds: the SDK's, zod's, Node's. Written once for all, by content. */
export function typesFolder(folder: string): Promise<string> {
  // Several editors open at once, and each would take what another makes for something left over.
  const under = making.get(folder) ?? make(folder).finally(() => making.delete(folder))
  making.set(folder, under)
  return under
}

const making = new Map<string, Promise<string>>()

async function make(folder: string): Promise<string> {
  const files = await editorTypes()
  const hash = createHash('sha256')
  for (const { path, content } of files) hash.update(`${path}\0${content}\0`)
  const name = `types-${hash.digest('hex').slice(0, 16)}`
  const place = join(folder, name)
  if (
    await access(place).then(
      () => true,
      () => false,
    )
  )
    return join(place, 'node_modules')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const made = await mkdtemp(join(folder, '.types-'))
  for (const parent of new Set(files.map(({ path }) => dirname(path))))
    await mkdir(join(made, parent), { recursive: true, mode: 0o755 })
  for (const { path, content } of files) await writeFile(join(made, path), content, { mode: 0o644 })
  await syncTree(made)
  await renameDurably(made, place).catch(async (error: NodeJS.ErrnoException) => {
    // Another one was as fast: its folder is as good.
    await rm(made, { recursive: true, force: true })
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
  })
  for (const old of await readdir(folder))
    if (/^\.?types-/.test(old) && old !== name) await rm(join(folder, old), { recursive: true, force: true })
  return join(place, 'node_modules')
}
