import { mkdtemp, readdir, readlink, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Header, pack } from 'tar-stream'
import { expect, test } from 'vitest'
import { unpack } from './archive.ts'

async function unpacked(entries: (Partial<Header> & { name: string })[], most = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'm3o-unpack-'))
  const tar = pack()
  for (const header of entries)
    if (header.type === undefined || header.type === 'file') tar.entry(header, 'hello')
    else tar.entry(header)
  tar.finalize()
  const done = unpack(tar as AsyncIterable<Buffer>, folder, () => true, most)
  return { folder, done, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) }
}

test.each([
  ['an absolute link', { name: 'home/source/s.git', type: 'symlink', linkname: '/etc' }],
  ['a link out of its folder', { name: 'home/source/s.git/hooks', type: 'symlink', linkname: '../../keys' }],
  ['a folder of the home', { name: 'home/data', type: 'symlink', linkname: 'other' }],
  ['the folder of a service', { name: 'home/data/s_1', type: 'symlink', linkname: '../keys' }],
  ['a hard link', { name: 'home/source/a', type: 'link', linkname: '/etc/passwd' }],
  ['a device', { name: 'home/source/a', type: 'character-device' }],
  ['a pipe', { name: 'home/source/a', type: 'fifo' }],
] as const)('%s is refused, and nothing of it is made', async (_what, header) => {
  await using one = await unpacked([header])
  await expect(one.done).rejects.toMatchObject({ code: 'bad_request' })
  expect(
    (await readdir(one.folder, { recursive: true, withFileTypes: true })).filter((found) => !found.isDirectory()),
  ).toEqual([])
})

test('more files or bytes than there may be are refused', async () => {
  const files = ['a', 'b', 'c'].map((name) => ({ name: `home/data/s_1/e_1/${name}` }))
  await using many = await unpacked(files, { entries: 2 })
  await expect(many.done).rejects.toMatchObject({ code: 'bad_request' })
  await using large = await unpacked(files, { bytes: 14 })
  await expect(large.done).rejects.toMatchObject({ code: 'disk_full' })
  await using fits = await unpacked(files, { entries: 3, bytes: 15 })
  await fits.done
})

test('links inside a folder, and links of services, are kept as they are', async () => {
  await using one = await unpacked([
    { name: 'home/source/a/b', type: 'symlink', linkname: '../c' },
    { name: 'home/data/s_1/e_1/link', type: 'symlink', linkname: '/usr/bin/python3' },
  ])
  await one.done
  expect(await readlink(join(one.folder, 'home/source/a/b'))).toBe('../c')
  expect(await readlink(join(one.folder, 'home/data/s_1/e_1/link'))).toBe('/usr/bin/python3')
})
