import { execFileSync } from 'node:child_process'
import fs from 'node:fs/promises'
import path from 'node:path'
import zlib from 'node:zlib'
import { expect, test } from 'vitest'
import { ada, bob, chunked, tarEntry, tarOf, temporarySource } from './fixture.ts'
import { readTar } from './tar-reader.ts'

async function withService() {
  const at = await temporarySource()
  const { commit } = await at.source.repositories.create({
    serviceId: 's_1',
    files: [{ path: 'index.ts', content: 'one\n' }],
    author: ada,
  })
  const deploy = (
    stream: AsyncIterable<Uint8Array>,
    more: { base?: string; force?: boolean; author?: typeof ada } = {},
  ) =>
    at.source.archives.commit({ serviceId: 's_1', branches: ['main'], stream, author: ada, message: 'Deploy', ...more })
  const git = (...args: string[]) =>
    execFileSync('git', ['--git-dir', `${at.home}/source/s_1.git`, ...args], {
      encoding: 'utf8',
      stdio: 'pipe',
      maxBuffer: 1 << 28,
    })
  return { ...at, commit, deploy, git }
}

const hello = tarEntry({ path: './index.ts', body: Buffer.from('two\n') })

test('a folder replaces what is there without a base, merges with one, is refused in conflict and wins by force', async () => {
  await using at = await withService()
  const first = await at.deploy(
    tarOf(
      tarEntry({ path: './', type: '5' }),
      hello,
      tarEntry({ path: 'bin/run', body: Buffer.from('#!'), mode: 0o4777 }),
    ),
  )
  expect(first).toMatchObject({ changed: true, replaced: true, previous: at.commit })
  expect(at.git('ls-tree', '-r', '--format=%(objectmode) %(path)', first.commit)).toBe(
    '100755 bin/run\n100644 index.ts\n',
  )
  expect(
    await at.deploy(tarOf(hello, tarEntry({ path: 'bin/run', body: Buffer.from('#!'), mode: 0o755 }))),
  ).toMatchObject({ changed: false, commit: first.commit })
  const second = await at.deploy(tarOf(hello, tarEntry({ path: 'bob.ts', body: Buffer.from('bob') })), {
    base: first.commit,
    author: bob,
  })
  const merged = await at.deploy(
    tarOf(
      hello,
      tarEntry({ path: 'bin/run', body: Buffer.from('#!'), mode: 0o755 }),
      tarEntry({ path: 'ada.ts', body: Buffer.from('ada') }),
    ),
    { base: first.commit },
  )
  expect(merged).toMatchObject({ merged: true, previous: second.commit })
  expect(at.git('ls-tree', '-r', '--name-only', merged.commit)).toBe('ada.ts\nbob.ts\nindex.ts\n')
  const clash = () => tarOf(hello, tarEntry({ path: 'bob.ts', body: Buffer.from('mine') }))
  await expect(at.deploy(clash(), { base: first.commit })).rejects.toMatchObject({
    code: 'conflict',
    data: { files: [{ path: 'bob.ts', author: 'Bob', commit: second.commit }] },
  })
  const forced = await at.deploy(clash(), { base: first.commit, force: true })
  expect(forced.overwrote.map((change) => `${change.path} ${change.author}`)).toContain('bob.ts Bob')
  expect(at.git('ls-tree', '-r', '--name-only', forced.commit)).toBe('bob.ts\nindex.ts\n')
  await expect(at.deploy(clash(), { base: 'f'.repeat(40) })).resolves.toMatchObject({ changed: false })
  await expect(at.deploy(tarOf(hello), { base: 'f'.repeat(40) })).rejects.toMatchObject({ code: 'conflict' })
  await expect(at.deploy(tarOf(hello), { base: '--upload-pack=x' })).rejects.toMatchObject({ code: 'bad_request' })
  at.git('fsck', '--strict', '--full', '--no-dangling')
})

test('a folder brings its history: a new service begins with it, a branch goes on by it, what moved meanwhile is merged', async () => {
  await using at = await temporarySource()
  await at.source.repositories.create({ serviceId: 's_1', files: [], author: ada })
  const git = (...args: string[]) =>
    execFileSync(
      'git',
      ['--git-dir', `${at.home}/source/s_1.git`, '-c', 'user.name=Eve', '-c', 'user.email=eve@x', ...args],
      { encoding: 'utf8', stdio: 'pipe' },
    ).trim()
  const commitOf = (files: Record<string, string>, parents: string[], message: string) => {
    const lines = Object.entries(files).map(
      ([name, text]) =>
        `100644 blob ${execFileSync('git', ['--git-dir', `${at.home}/source/s_1.git`, 'hash-object', '-w', '--stdin'], { input: text, encoding: 'utf8' }).trim()}\t${name}\n`,
    )
    const tree = execFileSync('git', ['--git-dir', `${at.home}/source/s_1.git`, 'mktree'], {
      input: lines.join(''),
      encoding: 'utf8',
    }).trim()
    return git('commit-tree', tree, ...parents.flatMap((parent) => ['-p', parent]), '-m', message)
  }
  const folder = (files: Record<string, string>) =>
    tarOf(...Object.entries(files).map(([name, text]) => tarEntry({ path: name, body: Buffer.from(text) })))
  const deploy = (files: Record<string, string>, more: { tip: string; base?: string }) =>
    at.source.archives.commit({
      serviceId: 's_1',
      branches: ['main'],
      stream: folder(files),
      author: ada,
      message: 'Deploy',
      ...more,
    })
  const send = (tip: string) => (git('update-ref', `refs/m3o/incoming/${tip}`, tip), tip)

  const one = commitOf({ a: '1\n', b: '1\n' }, [], 'One')
  const two = commitOf({ a: '2\n', b: '1\n' }, [one], 'Two')
  await expect(deploy({ a: '2\n', b: '1\n' }, { tip: two })).rejects.toMatchObject({ code: 'not_found', field: 'tip' })
  expect(await deploy({ a: '2\n', b: '1\n' }, { tip: send(two) })).toMatchObject({ commit: two, replaced: false })
  expect(git('log', '--format=%s', 'main')).toBe('Two\nOne')
  expect(git('for-each-ref', 'refs/m3o/incoming')).toBe('')
  expect(await deploy({ a: '2\n', b: '1\n' }, { tip: two })).toMatchObject({ commit: two, changed: false })

  const three = commitOf({ a: '3\n', b: '1\n' }, [two], 'Three')
  const uncommitted = await deploy({ a: '3\n', b: '1\n', c: '3\n' }, { tip: send(three) })
  expect(git('log', '--format=%s', 'main')).toBe('Deploy\nThree\nTwo\nOne')
  // Deployed with changes that were not committed: those are the base of the next, not the commit below them.
  expect(await deploy({ a: '3\n', b: '1\n', c: '4\n' }, { tip: three, base: uncommitted.commit })).toMatchObject({
    merged: false,
    replaced: false,
  })

  const theirs = commitOf({ a: '3\n', b: '1\n', c: '4\n', d: 'theirs\n' }, [git('rev-parse', 'main')], 'Theirs')
  git('update-ref', 'refs/heads/main', theirs)
  const mine = commitOf({ a: 'mine\n', b: '1\n' }, [three], 'Mine')
  const merged = await deploy({ a: 'mine\n', b: '1\n' }, { tip: send(mine) })
  expect(merged).toMatchObject({ merged: true, replaced: false })
  expect(git('show', 'main:a')).toBe('mine')
  expect(git('show', 'main:d')).toBe('theirs')
  expect(git('log', '--format=%P', '-1', 'main').split(' ')).toEqual([theirs, mine])
  const clash = commitOf({ a: 'clash\n', b: '1\n' }, [three], 'Clash')
  await expect(deploy({ a: 'clash\n', b: '1\n' }, { tip: send(clash) })).rejects.toMatchObject({ code: 'conflict' })
  expect(git('rev-parse', 'main')).toBe(merged.commit)
  git('fsck', '--strict', '--full', '--no-dangling')
})

test('a folder of a service that was deleted makes it anew', async () => {
  await using at = await temporarySource()
  const { commit } = await at.source.repositories.create({ serviceId: 's_1', files: [], author: ada })
  const landed = await at.source.archives.commit({
    serviceId: 's_1',
    branches: ['main'],
    stream: tarOf(hello),
    author: ada,
    message: 'Deploy',
    base: 'f'.repeat(40),
  })
  expect(landed).toMatchObject({ previous: commit, changed: true, merged: false, replaced: false })
})

test('a folder deployed into one environment goes on in another, from what both hold', async () => {
  await using at = await withService()
  const file = (name: string, text: string) => tarEntry({ path: name, body: Buffer.from(text) })
  const into = (branches: string[], files: ReturnType<typeof file>[], base: string) =>
    at.source.archives.commit({
      serviceId: 's_1',
      branches,
      stream: tarOf(...files),
      author: ada,
      message: 'Deploy',
      base,
    })
  const inAlice = await into(['alice', 'main'], [file('index.ts', 'one\n'), file('alice.ts', 'hers')], at.commit)
  const inMain = await into(['main'], [file('index.ts', 'two\n')], at.commit)
  const inherited = await into(['bob', 'main'], [file('index.ts', 'two\n'), file('bob.ts', 'his')], inMain.commit)
  expect(inherited).toMatchObject({ previous: inMain.commit, replaced: false, merged: false })
  const both = await into(['alice', 'main'], [file('index.ts', 'two\n')], inMain.commit)
  expect(both).toMatchObject({ previous: inAlice.commit, merged: true })
  expect(at.git('show', `${both.commit}:index.ts`) + at.git('show', `${both.commit}:alice.ts`)).toBe('two\nhers')
})

test('hostile archives are refused by name and leave nothing behind', async () => {
  await using at = await withService()
  const bad: [string, Buffer[], string][] = [
    ['absolute', [tarEntry({ path: '/etc/passwd' })], 'invalid_path'],
    ['upwards', [tarEntry({ path: '../x' })], 'invalid_path'],
    ['inner upwards', [tarEntry({ path: 'a/../../x' })], 'invalid_path'],
    ['.git', [tarEntry({ path: 'a/.GIT/hooks/post-checkout' })], 'invalid_path'],
    ['.git folder', [tarEntry({ path: '.git/', type: '5' })], 'invalid_path'],
    ['short .git', [tarEntry({ path: 'git~1/config' })], 'invalid_path'],
    ['link out', [tarEntry({ path: 'l', type: '2', target: '../../etc' })], 'invalid_path'],
    ['absolute link', [tarEntry({ path: 'l', type: '2', target: '/etc' })], 'invalid_path'],
    [
      'link through link',
      [tarEntry({ path: 'a/b', type: '2', target: '..' }), tarEntry({ path: 'l', type: '2', target: 'a/b/..' })],
      'invalid_path',
    ],
    [
      'write through link',
      [tarEntry({ path: 'l', type: '2', target: '.' }), tarEntry({ path: 'l/x' })],
      'invalid_path',
    ],
    ['hard link', [tarEntry({ path: 'h', type: '1', target: '/etc/passwd' })], 'invalid_path'],
    ['character device', [tarEntry({ path: 'd', type: '3' })], 'invalid_path'],
    ['block device', [tarEntry({ path: 'd', type: '4' })], 'invalid_path'],
    ['pipe', [tarEntry({ path: 'p', type: '6' })], 'invalid_path'],
    ['sparse', [tarEntry({ path: 's', type: 'S' })], 'invalid_path'],
    ['file and folder', [tarEntry({ path: 'a' }), tarEntry({ path: 'a/b' })], 'invalid_path'],
    ['too large a size', [tarEntry({ path: 'x', size: 8 * 1024 ** 3 - 1 })], 'too_large'],
    ['huge long name', [tarEntry({ path: '././@LongLink', type: 'L', size: 1 << 30 })], 'bad_request'],
    ['bad pax', [tarEntry({ path: 'x', type: 'x', body: Buffer.from('999 path=x\n') })], 'bad_request'],
    ['cut short', [tarEntry({ path: 'x', size: 5000 }).subarray(0, 700)], 'bad_request'],
    ['not a tar', [Buffer.alloc(2048, 'x')], 'bad_request'],
    ['no file', [], 'bad_request'],
  ]
  for (const [name, entries, code] of bad) {
    await expect(
      at.deploy(
        entries.length === 1 && name === 'cut short' ? chunked(entries[0] ?? Buffer.alloc(0)) : tarOf(...entries),
      ),
      name,
    ).rejects.toMatchObject({ code })
  }
  await expect(
    at.deploy(tarOf(tarEntry({ path: 'caf\u00e9' }).map((byte) => byte) as unknown as Buffer)),
  ).resolves.toBeDefined()
  await expect(at.deploy(chunked(zlib.gzipSync(Buffer.alloc(2000, 'x')).subarray(0, 15)))).rejects.toMatchObject({
    code: 'bad_request',
  })
  expect(
    (await fs.readdir(path.join(at.home, 'source/s_1.git/objects/pack'))).filter((name) => name.startsWith('tmp')),
  ).toEqual([])
})

test('links that stay inside are kept, long names are read, and a checkout is exact', async () => {
  await using at = await withService()
  const long = `${'deep/'.repeat(40)}file.txt`
  const pax = (key: string, value: string) => {
    const rest = ` ${key}=${value}\n`
    let length = rest.length
    while (`${length}${rest}`.length !== length) length++
    return Buffer.from(`${length}${rest}`)
  }
  const landed = await at.deploy(
    tarOf(
      hello,
      tarEntry({ path: 'a/link', type: '2', target: '../index.ts' }),
      tarEntry({ path: 'x', type: 'x', body: pax('path', long) }),
      tarEntry({ path: 'cut', body: Buffer.from('far') }),
      tarEntry({ path: '././@LongLink', type: 'L', body: Buffer.from(`${long}.gnu\0`) }),
      tarEntry({ path: 'cut', body: Buffer.from('gnu') }),
    ),
  )
  const into = path.join(at.home, 'out')
  const tree = await at.source.trees.export({ serviceId: 's_1', commit: landed.commit, into })
  expect(tree.files.map((file) => [file.path, file.mode]).toSorted()).toEqual([
    ['a/link', '120000'],
    [long, '100644'],
    [`${long}.gnu`, '100644'],
    ['index.ts', '100644'],
  ])
  expect(await fs.readlink(path.join(into, 'a/link'))).toBe('../index.ts')
  expect(await fs.readFile(path.join(into, `${long}.gnu`), 'utf8')).toBe('gnu')
  await expect(at.source.trees.export({ serviceId: 's_1', commit: landed.commit, into })).rejects.toThrow('not empty')
  const times: number[] = []
  for (let n = 0; n < 10; n++) {
    const start = performance.now()
    await at.source.trees.export({ serviceId: 's_1', commit: landed.commit, into: `${into}${n}` })
    times.push(performance.now() - start)
  }
  console.info(`checkout of 4 files: p50 ${times.toSorted((a, b) => a - b)[5]?.toFixed(1)} ms`)
})

test('2,000 files go into one pack that git itself finds sound', async () => {
  await using at = await withService()
  const many = Array.from({ length: 2000 }, (_, n) =>
    tarEntry({ path: `d${n % 50}/f${n}.txt`, body: Buffer.from(`file ${n}\n`.repeat(n % 90)) }),
  )
  const start = performance.now()
  const landed = await at.deploy(chunked(zlib.gzipSync(Buffer.concat([...many, Buffer.alloc(1024)])), 4096))
  console.info(`2,000 files: ${(performance.now() - start).toFixed(0)} ms`)
  expect(at.git('ls-tree', '-r', '--name-only', landed.commit).split('\n')).toHaveLength(2001)
  const packs = (await fs.readdir(path.join(at.home, 'source/s_1.git/objects/pack'))).filter((name) =>
    name.endsWith('.idx'),
  )
  expect(packs).toHaveLength(1)
  at.git('verify-pack', '--', `${at.home}/source/s_1.git/objects/pack/${packs[0]}`)
  at.git('fsck', '--strict', '--full', '--no-dangling')
  expect(await at.source.trees.list({ serviceId: 's_1', tree: landed.commit })).toHaveLength(2000)
}, 60_000)

test('200 MB are taken in bounded memory, and what unpacks to more than 512 MB is not', async () => {
  await using at = await withService()
  const block = Buffer.alloc(1 << 20, 'm3o ')
  async function* large(megabytes: number) {
    yield tarEntry({ path: 'big.bin', size: megabytes << 20 })
    for (let n = 0; n < megabytes; n++) {
      block.writeUInt32BE(n, 0)
      yield Buffer.from(block)
    }
    yield Buffer.alloc(1024)
  }
  const before = process.memoryUsage().rss
  const landed = await at.deploy(large(200))
  const grown = (process.memoryUsage().rss - before) / (1 << 20)
  expect(grown).toBeLessThan(120)
  expect(await at.source.trees.read({ serviceId: 's_1', tree: landed.commit, path: 'big.bin' })).toMatchObject({
    content: 'large',
    size: 200 << 20,
  })
  const zip = zlib.createGzip({ level: 1 })
  const bomb = (async () => {
    for (const chunk of [
      tarEntry({ path: 'a', size: 500 << 20 }),
      ...Array.from({ length: 500 }, () => Buffer.alloc(1 << 20)),
      tarEntry({ path: 'b', size: 100 << 20 }),
    ])
      if (!zip.write(chunk)) await new Promise((resolve) => zip.once('drain', resolve))
    zip.end()
  })()
  await expect(at.deploy(zip)).rejects.toMatchObject({ code: 'too_large' })
  zip.destroy()
  await Promise.race([bomb.catch(() => {}), Promise.resolve()])
}, 120_000)

test('headers before an entry are bounded together, and nothing of them is kept but what is used', async () => {
  const record = (key: string, value: string) => {
    const rest = ` ${key}=${value}\n`
    let length = rest.length + 1
    while (`${length}`.length + rest.length !== length) length = `${length}`.length + rest.length
    return Buffer.from(`${length}${rest}`)
  }
  const header = (n: number, size: number) =>
    tarEntry({ path: 'pax', type: 'x', body: record(`comment.${n}`, 'x'.repeat(size)) })
  const read = async (...entries: Buffer[]) => {
    const paths: string[] = []
    for await (const { path, content } of readTar(
      tarOf(...entries, tarEntry({ path: 'a.txt', body: Buffer.from('a') })),
    )) {
      paths.push(path)
      for await (const chunk of content) expect(chunk).toBeInstanceOf(Uint8Array)
    }
    return paths
  }
  expect(await read(...Array.from({ length: 10 }, (_, n) => header(n, 100)))).toEqual(['a.txt'])
  await expect(read(...Array.from({ length: 17 }, (_, n) => header(n, 10)))).rejects.toThrow(/more than 16 headers/)
  await expect(read(...Array.from({ length: 3 }, (_, n) => header(n, 30_000)))).rejects.toThrow(
    /65536 bytes of headers/,
  )
})
