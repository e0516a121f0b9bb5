import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { listFolder } from './list.ts'

const run = promisify(execFile)

test('what lies beside a source is never listed, within git or without, however deep, tracked or not', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'm3o-list-'))
  try {
    for (const path of [
      'index.js',
      'sub/index.js',
      '.m3o/variables.env',
      'sub/.m3o/variables.env',
      '.M3O/variables.env',
      '.m3orc',
      'm3o/x',
    ]) {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), 'x')
    }
    const expected = ['.m3orc', 'index.js', 'm3o/x', 'sub/index.js']
    expect(await listFolder(folder)).toEqual(expected)
    await run('git', ['init', '-q', folder])
    await run('git', ['-C', folder, 'add', '-f', '.'])
    expect(await listFolder(folder)).toEqual(expected)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
