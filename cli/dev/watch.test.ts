import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { FolderWatch } from './watch.ts'

let folder: string
let watch: FolderWatch
const changed = vi.fn()

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'm3o-watch-'))
  await mkdir(join(folder, 'node_modules/x'), { recursive: true })
  for (const [path, text] of [
    ['index.ts', '1'],
    ['.gitignore', 'ignored.log\n'],
    ['node_modules/x/index.js', '1'],
  ] as const)
    await writeFile(join(folder, path), text)
  changed.mockClear()
  watch = new FolderWatch(folder, changed)
})
afterEach(async () => {
  watch.close()
  await rm(folder, { recursive: true, force: true })
})

const write = (path: string, text: string) => writeFile(join(folder, path), text)
/** Something that is noticed, so that what came before would have been as well. */
async function noticed(): Promise<void> {
  await expect.poll(() => changed.mock.calls.length, { timeout: 5_000 }).toBeGreaterThan(0)
}

test('what would be deployed is watched, and nothing else', async () => {
  expect(await watch.begin()).toEqual(['.gitignore', 'index.ts'])
  await write('ignored.log', '1')
  await write('node_modules/x/index.js', '2')
  await new Promise((resolve) => setTimeout(resolve, 150))
  expect(changed).not.toHaveBeenCalled()
  await write('index.ts', '2')
  await noticed()
})

test('new folders, files moved into place as editors do, and files that go', async () => {
  await watch.begin()
  await mkdir(join(folder, 'lib'))
  await write('lib/a.ts', '1')
  await noticed()
  changed.mockClear()
  await write('lib/.a.ts.tmp', '22')
  await rename(join(folder, 'lib/.a.ts.tmp'), join(folder, 'lib/a.ts'))
  await noticed()
  changed.mockClear()
  await rm(join(folder, 'index.ts'))
  await noticed()
})

test('what the build writes is no change, what somebody writes is', async () => {
  await watch.begin()
  await write('made.js', '1')
  await watch.noteProducts()
  changed.mockClear()
  await write('made.js', '2')
  await new Promise((resolve) => setTimeout(resolve, 150))
  expect(changed).not.toHaveBeenCalled()
  await write('index.ts', '3')
  await noticed()
})
