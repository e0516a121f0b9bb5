import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { copyTree } from './copy.ts'

function temporary() {
  const folder = mkdtempSync(join(tmpdir(), 'm3o-copy-'))
  const [from, to] = [join(folder, 'from'), join(folder, 'to')]
  for (const each of [from, to]) mkdirSync(each)
  return { from, to, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) }
}

/** By path, all that is in a folder: a file's mode and content, where a link leads. */
function all(folder: string) {
  return Object.fromEntries(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .sort()
      .map((path) => {
        const stat = lstatSync(join(folder, path))
        if (stat.isSymbolicLink()) return [path, `to ${readlinkSync(join(folder, path))}`]
        return [
          path,
          stat.isDirectory()
            ? 'folder'
            : `${(stat.mode & 0o777).toString(8)} ${readFileSync(join(folder, path), 'utf8')}`,
        ]
      }),
  )
}

const many = (folder: string, count: number) => {
  for (let n = 0; n < count; n++) writeFileSync(join(folder, `${n}.js`), `export default ${n}`)
}

test('an older copy becomes the new one, and what is the same in it stays the same file', async () => {
  using at = temporary()
  const { from, to } = at
  mkdirSync(join(from, 'src/deep'), { recursive: true })
  mkdirSync(join(from, 'becomes-file'))
  for (const path of [
    'same',
    'changes',
    'goes',
    'shrinks-to-nothing',
    'src/deep/same',
    'becomes-file/x',
    'becomes-folder',
    'becomes-link',
  ])
    writeFileSync(join(from, path), `text of ${path}`)
  writeFileSync(join(from, 'tool'), 'run', { mode: 0o644 })
  symlinkSync('same', join(from, 'moves'))
  symlinkSync('same', join(from, 'becomes-plain'))
  await copyTree(from, to, undefined)
  expect(all(to)).toEqual(all(from))

  const inodes = ['same', 'src/deep/same', 'changes'].map((path) => lstatSync(join(to, path)).ino)
  writeFileSync(join(from, 'changes'), 'another text')
  writeFileSync(join(from, 'shrinks-to-nothing'), '')
  chmodSync(join(from, 'tool'), 0o755)
  for (const path of ['goes', 'becomes-file', 'becomes-folder', 'becomes-link', 'becomes-plain', 'moves'])
    rmSync(join(from, path), { recursive: true })
  writeFileSync(join(from, 'becomes-file'), 'now a file')
  mkdirSync(join(from, 'becomes-folder'))
  writeFileSync(join(from, 'becomes-folder/new'), 'in it')
  symlinkSync('changes', join(from, 'becomes-link'))
  symlinkSync('changes', join(from, 'moves'))
  writeFileSync(join(from, 'becomes-plain'), 'not through the link')
  await copyTree(from, to, undefined)
  expect(all(to)).toEqual(all(from))
  expect(['same', 'src/deep/same', 'changes'].map((path) => lstatSync(join(to, path)).ino)).toEqual(inodes)
})

test('of many files an older copy goes whole, and of few those of many', async () => {
  using at = temporary()
  const { from, to } = at
  writeFileSync(join(to, 'old.js'), '')
  many(from, 200)
  await copyTree(from, to, undefined)
  expect(all(to)).toEqual(all(from))
  for (let n = 1; n < 200; n++) rmSync(join(from, `${n}.js`))
  await copyTree(from, to, undefined)
  expect(all(to)).toEqual(all(from))
})
