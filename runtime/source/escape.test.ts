import { execFileSync, execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import fs from 'node:fs/promises'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import zlib from 'node:zlib'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isPlatformError, PlatformError } from '#contract/errors.ts'
import { ada, chunked, draftOf, tarEntry, tarOf } from './fixture.ts'
import { openSource, type Source } from './source.ts'

/*
 * Hostile paths, archives, trees and names through every door of the source. After all of them nothing beside the
 * repositories has changed, nothing of what git itself keeps in them, and whatever has landed is exported within its folder.
 */

let root: string
let home: string
let source: Source
let first: string
const tried: Record<string, { refused: number; landed: number }> = {}
const wrong: string[] = []
const me = draftOf('u_ada')
const outside = () => path.join(root, 'outside')

beforeAll(async () => {
  root = await fs.mkdtemp(path.join(os.tmpdir(), 'm3o-escape-'))
  home = path.join(root, 'home')
  await fs.mkdir(outside(), { recursive: true })
  await fs.writeFile(path.join(outside(), 'canary'), 'as it was')
  source = openSource({ home })
  ;({ commit: first } = await source.repositories.create({
    serviceId: 's_1',
    files: [
      { path: 'index.ts', content: 'one\n' },
      { path: 'folder/file.ts', content: 'x' },
    ],
    author: ada,
  }))
})

afterAll(async () => {
  await source.close()
  await fs.rm(root, { recursive: true, force: true })
})

/** Refused with a reason that people are told, or landed: anything else is wrong. */
async function attempt(door: string, name: string, work: () => unknown): Promise<boolean> {
  const counts = (tried[door] ??= { refused: 0, landed: 0 })
  try {
    await work()
    counts.landed++
    return true
  } catch (error) {
    if (isPlatformError(error) && error.code !== 'internal') counts.refused++
    else wrong.push(`${door}: ${JSON.stringify(name)}: ${String(error).slice(0, 300)}`)
    return false
  }
}

const up = '../'.repeat(12)
const paths = (): string[] => {
  const out = outside()
  return [
    '..',
    '../x',
    '../../x',
    `${up}${out}/x`,
    `a/${up}${out}/x`,
    'a/../../x',
    'a/b/../../../x',
    './../x',
    'a/..',
    'a/./x',
    './x/../../x',
    '.',
    './',
    '',
    '/',
    `${out}/canary`,
    `${out}/x`,
    '//x',
    `/${out}/x`,
    '/proc/self/root/x',
    '~/x',
    '~root/x',
    'a\0b',
    `x\0${out}`,
    '\0',
    'a\nb',
    'a\rb',
    'a\x7fb',
    'a\x1bb',
    '.git',
    '.git/config',
    '.git/hooks/post-receive',
    '.GIT/config',
    '.Git',
    'a/.git/config',
    'a/.gIT/hooks/x',
    'git~1',
    'GIT~1/config',
    'git~2/x',
    '.git.',
    '.git ',
    '.git...',
    '.git . /x',
    '.git::$INDEX_ALLOCATION/x',
    '.git:stream',
    '.g\u200cit/config',
    '.\u200dgit/x',
    '.git\ufeff/x',
    '.gi\u206at/x',
    '\u200e.git/x',
    '..\\x',
    'a\\..\\..\\x',
    'C:\\x',
    '\\\\host\\x',
    'a\\b',
    '.. /x',
    '..  ',
    '... /x',
    '.../x',
    '. ./x',
    ' ../x',
    'a./x',
    'a /x',
    `${'a/'.repeat(600)}x`,
    'x'.repeat(300),
    '\ud800',
    'a/\udfff',
    '-rf',
    '--output=x',
    '--upload-pack=touch x',
    '-',
    '$(touch x)',
    '`touch x`',
    'a;touch x',
    '%2e%2e/x',
    '..%2fx',
    '%00',
    '%n%s',
    'con',
    'nul.txt',
    'a|b',
    '*',
    '?',
    ':(top)x',
    ':/x',
    '!x',
    '#x',
    '@{-1}',
  ]
}
const commits = (): string[] => [
  '--upload-pack=touch x',
  `--output=${outside()}/x`,
  '-o',
  '--exec=touch x',
  '-c',
  '--',
  '',
  'HEAD',
  'main',
  'refs/heads/main',
  'HEAD^{tree}',
  ':/one',
  '@{-1}',
  `${first}:index.ts`,
  `${first}..${first}`,
  `${first}\n`,
  ` ${first}`,
  `${first}\0`,
  first.slice(0, 39),
  `${first}0`,
  first.toUpperCase().replace(/^[0-9]*/, 'F'),
  '$(touch x)',
  '`touch x`',
  '; touch x',
  '../../../etc/passwd',
  'file:///etc/passwd',
  'ext::sh -c touch',
  'ssh://-oProxyCommand=touch/x',
]

const archive = (...entries: Buffer[]) =>
  source.archives.commit({
    serviceId: 's_1',
    branches: ['main'],
    stream: tarOf(...entries),
    author: ada,
    message: 'Deploy',
    force: true,
  })
const body = Buffer.from('hostile\n')
const pax = (records: Record<string, string>) =>
  tarEntry({
    path: 'pax',
    type: 'x',
    body: Buffer.concat(
      Object.entries(records).map(([key, value]) => {
        const rest = Buffer.from(` ${key}=${value}\n`)
        let length = rest.length + 1
        while (String(length).length + rest.length !== length) length = String(length).length + rest.length
        return Buffer.concat([Buffer.from(String(length)), rest])
      }),
    ),
  })
const gnu = (type: 'L' | 'K', text: string) => tarEntry({ path: '././@LongLink', type, body: Buffer.from(`${text}\0`) })

test('paths, by every door that takes one', { timeout: 120_000 }, async () => {
  const { tree } = await source.drafts.open(me)
  for (const name of paths()) {
    await attempt('draft, saved', name, () =>
      source.drafts.saveFile({ ...me, path: name, content: 'x', expectedHash: null }),
    )
    await source.drafts.revert(me)
    await attempt('draft, uploaded', name, () =>
      source.drafts.upload({ ...me, path: name, stream: chunked(body), expectedHash: null }),
    )
    await source.drafts.revert(me)
    await attempt('draft, moved to', name, () => source.drafts.move({ ...me, from: 'folder', to: name }))
    await source.drafts.revert(me)
    await attempt('draft, moved from', name, () => source.drafts.move({ ...me, from: name, to: 'moved' }))
    await attempt('draft, removed', name, () => source.drafts.remove({ ...me, path: name }))
    await attempt('draft, reverted', name, () => source.drafts.revert({ ...me, path: name }))
    await source.drafts.revert(me)
    await attempt('read', name, () => source.trees.read({ serviceId: 's_1', tree, path: name }))
    await attempt('history', name, () => source.history.log({ serviceId: 's_1', from: first, path: name }))
    await attempt('difference', name, () =>
      source.history.diffFile({ serviceId: 's_1', from: first, to: first, path: name, oldPath: name }),
    )
    await attempt('search, folders', name, () =>
      Array.fromAsync(source.search({ serviceId: 's_1', tree, query: 'one', include: [name] })),
    )
    await attempt('search, text', name, () => Array.fromAsync(source.search({ serviceId: 's_1', tree, query: name })))
    await attempt('archive, name', name, () => archive(tarEntry({ path: name, body })))
    await attempt('archive, pax name', name, () => archive(pax({ path: name }), tarEntry({ path: 'plain', body })))
    await attempt('archive, GNU name', name, () => archive(gnu('L', name), tarEntry({ path: 'plain', body })))
    await attempt('archive, folder', name, () =>
      archive(tarEntry({ path: name, type: '5' }), tarEntry({ path: 'plain', body })),
    )
    await attempt('first files', name, () =>
      source.repositories.create({
        serviceId: `s_${Math.random().toString(36).slice(2)}`,
        files: [{ path: name, content: 'x' }],
        author: ada,
      }),
    )
  }
})

test('links, pipes and devices in archives, and files behind links', { timeout: 120_000 }, async () => {
  const out = outside()
  const targets = [
    '..',
    '../x',
    `${up}${out}`,
    out,
    '/etc/passwd',
    '/',
    '.',
    './..',
    'a/../..',
    'b',
    'b/../..',
    '',
    '\0',
    `x\0${out}`,
    '/proc/self/environ',
    '.git/config',
    '../.git',
    'self',
    `${'a/'.repeat(600)}..`,
    '--output=x',
    '$(touch x)',
  ]
  for (const target of targets) {
    await attempt('archive, link', target, () =>
      archive(tarEntry({ path: 'link', type: '2', target }), tarEntry({ path: 'plain', body })),
    )
    await attempt('archive, pax link', target, () =>
      archive(pax({ linkpath: target }), tarEntry({ path: 'link', type: '2' }), tarEntry({ path: 'plain', body })),
    )
    await attempt('archive, GNU link', target, () =>
      archive(gnu('K', target), tarEntry({ path: 'link', type: '2' }), tarEntry({ path: 'plain', body })),
    )
    await attempt('archive, file behind a link', target, () =>
      archive(tarEntry({ path: 'link', type: '2', target }), tarEntry({ path: 'link/x', body })),
    )
    await attempt('archive, link swapped for a folder', target, () =>
      archive(
        tarEntry({ path: 'a/b', body }),
        tarEntry({ path: 'a', type: '2', target }),
        tarEntry({ path: 'a/b', body }),
      ),
    )
    await attempt('archive, link behind a link', target, () =>
      archive(
        tarEntry({ path: 'b', type: '2', target: 'folder' }),
        tarEntry({ path: 'folder/c', body }),
        tarEntry({ path: 'b2', type: '2', target: `b/${target}` }),
      ),
    )
    await attempt('archive, hard link', target, () =>
      archive(tarEntry({ path: 'hard', type: '1', target }), tarEntry({ path: 'plain', body })),
    )
  }
  for (const type of ['1', '3', '4', '6', '7', 'A', 'D', 'M', 'N', 'S', 'V', 'Z', '\x01']) {
    for (const name of ['plain', '../x', `${out}/x`])
      await attempt('archive, kind', `${type} ${name}`, () =>
        archive(tarEntry({ path: name, type, target: `${out}/canary`, body }), tarEntry({ path: 'other', body })),
      )
  }
})

test('archives that are larger than they look, broken or without end', { timeout: 120_000 }, async () => {
  const packed = (stream: AsyncIterable<Uint8Array>) =>
    source.archives.commit({
      serviceId: 's_1',
      branches: ['main'],
      stream,
      author: ada,
      message: 'Deploy',
      force: true,
    })
  const refused = async (name: string, work: () => unknown) =>
    expect([name, await attempt('archive, bomb', name, work)]).toEqual([name, false])
  await refused('many files', () =>
    packed(
      (async function* () {
        for (let at = 0; at < 10_002; at++) yield tarEntry({ path: `f${at}` })
        yield Buffer.alloc(1024)
      })(),
    ),
  )
  const zeros = zlib.gzipSync(Buffer.alloc(64 << 20))
  await refused('zeros in gzip', () =>
    packed(
      chunked(
        Buffer.concat([
          zlib.gzipSync(tarEntry({ path: 'big', size: 8 * 1024 ** 3 - 1 })),
          ...Array.from({ length: 10 }, () => zeros),
        ]),
        1 << 16,
      ),
    ),
  )
  for (const size of ['77777777777', '-1', '99999999999', '        ', '0x10', 'NaN', '1e9']) {
    const entry = tarEntry({ path: 'x', body })
    entry.write(size.padEnd(11, '\0').slice(0, 11), 124, 'latin1')
    entry.write('        ', 148)
    entry.write(
      `${entry
        .subarray(0, 512)
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, '0')}\0 `,
      148,
    )
    await attempt('archive, bomb', `size ${size}`, () => packed(tarOf(entry)))
  }
  for (const size of ['99999999999999', '-1', 'x', '1e30'])
    await refused(`pax size ${size}`, () => archive(pax({ size }), tarEntry({ path: 'x', body })))
  await refused('a header without end', () =>
    packed(
      (async function* () {
        yield tarEntry({ path: 'pax', type: 'x', size: 0o77777777777 })
        for (let at = 0; at < 5_000; at++) yield Buffer.alloc(1 << 16)
      })(),
    ),
  )
  await refused('deep', () => archive(gnu('L', `${'d/'.repeat(20_000)}x`), tarEntry({ path: 'x', body })))
  await refused('gzip that breaks off', () =>
    packed(chunked(zlib.gzipSync(Buffer.concat([tarEntry({ path: 'x', body }), Buffer.alloc(1024)])).subarray(0, 60))),
  )
  await refused('nothing', () => packed(tarOf()))
})

test(
  'names of revisions, branches, services and people, where an option or an address could stand',
  { timeout: 120_000 },
  async () => {
    const ok = { serviceId: 's_1' }
    const before = tried['names']?.landed ?? 0
    for (const name of commits()) {
      const doors: Record<string, () => unknown> = {
        log: () => source.history.log({ ...ok, from: name }),
        commit: () => source.history.commit({ ...ok, commit: name }),
        contains: () => source.history.contains({ ...ok, commit: first, ancestor: name }),
        diff: () => source.history.diff({ ...ok, from: name, to: first }),
        'diff to': () => source.history.diff({ ...ok, from: first, to: name }),
        'diff commit': () => source.history.diffCommit({ ...ok, commit: name }),
        list: () => source.trees.list({ ...ok, tree: name }),
        blob: () => source.trees.readBlob({ ...ok, hash: name }),
        of: () => source.trees.of({ ...ok, commit: name }),
        export: () => source.trees.export({ ...ok, commit: name, into: path.join(home, 'never') }),
        merge: () => source.merges.merge({ ...ok, ours: first, theirs: name }),
        into: () => source.merges.into({ ...ok, branches: ['main'], other: name, author: ada, message: 'x' }),
        base: () =>
          source.archives.commit({
            ...ok,
            branches: ['main'],
            stream: tarOf(tarEntry({ path: 'x', body })),
            author: ada,
            message: 'x',
            base: name,
          }),
        tip: () =>
          source.archives.commit({
            ...ok,
            branches: ['main'],
            stream: tarOf(tarEntry({ path: 'x', body })),
            author: ada,
            message: 'x',
            tip: name,
          }),
        advance: () => source.branches.advance({ ...ok, branch: 'main', to: name, expected: undefined }),
        remove: () => source.branches.remove({ ...ok, branch: 'main', expected: name }),
        search: () => Array.fromAsync(source.search({ ...ok, tree: name, query: 'x' })),
        service: () => source.branches.list({ serviceId: name }),
        deleted: () => source.repositories.delete(name),
        person: () => source.drafts.open({ ...me, userId: name }),
        environment: () => source.drafts.open({ ...me, environment: name }),
        parked: () => source.branches.park({ ...ok, branch: 'main', environmentId: name }),
      }
      const isId = /^[a-z0-9][a-z0-9_-]{0,63}$/i.test(name)
      for (const [door, work] of Object.entries(doors))
        if (!isId || !['person', 'environment', 'parked'].includes(door))
          await attempt('names', `${door} ${name}`, work)
      if (!['main'].includes(name))
        await attempt('names', `branch ${name}`, () => source.branches.at({ ...ok, branch: name }))
    }
    expect((tried['names']?.landed ?? 0) - before).toBe(0)
  },
)

/** Written as git would never write it. */
function literal(repository: string, type: 'tree' | 'blob' | 'commit', bytes: Buffer): string {
  const store = Buffer.concat([Buffer.from(`${type} ${bytes.length}\0`), bytes])
  const oid = createHash('sha1').update(store).digest('hex')
  const file = path.join(repository, 'objects', oid.slice(0, 2), oid.slice(2))
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, zlib.deflateSync(store))
  return oid
}
const entryOf = (mode: string, name: string | Buffer, oid: string) =>
  Buffer.concat([Buffer.from(`${mode} `), Buffer.from(name), Buffer.from([0]), Buffer.from(oid, 'hex')])
const commitText = (tree: string) =>
  Buffer.from(`tree ${tree}\nauthor A <a@b> 1700000000 +0000\ncommitter A <a@b> 1700000000 +0000\n\nHostile\n`)

/** Trees by their names, each of one file or link. */
function hostileTrees(repository: string): { name: string; commit: string }[] {
  const blob = literal(repository, 'blob', body)
  const inner = literal(repository, 'tree', entryOf('100644', 'x', blob))
  const target = (text: string) => literal(repository, 'blob', Buffer.from(text))
  const names = [
    '..',
    '.',
    '',
    '.git',
    '.GIT',
    'git~1',
    '.git ',
    '.git.',
    '.g\u200cit',
    'a/b',
    '../x',
    '/x',
    `${outside()}/x`,
    'a\\b',
    '..\\x',
    'a\nb',
    '...',
    'a.',
    'x'.repeat(300),
  ]
  const trees = names.flatMap(
    (name) =>
      [
        [`file ${name}`, entryOf('100644', name, blob)],
        [`folder ${name}`, entryOf('40000', name, inner)],
      ] as const,
  )
  const [toOut, toUp] = [target(outside()), target('..')]
  const more: (readonly [string, Buffer])[] = [
    ['link out', entryOf('120000', 'l', toOut)],
    ['link up', entryOf('120000', 'l', toUp)],
    ['link and folder of one name', Buffer.concat([entryOf('120000', 'l', toOut), entryOf('40000', 'l', inner)])],
    ['folder and link of one name', Buffer.concat([entryOf('40000', 'l', inner), entryOf('120000', 'l', toOut)])],
    ['.gitmodules as a link', entryOf('120000', '.gitmodules', toOut)],
    ['a module', entryOf('160000', 'm', first)],
    ['a device', entryOf('60644', 'd', blob)],
    ['a file twice', Buffer.concat([entryOf('100644', 'f', blob), entryOf('100755', 'f', blob)])],
    ['no UTF-8', entryOf('100644', Buffer.from([0xff, 0xfe, 0x2f]), blob)],
    ['no mode', entryOf('0', 'f', blob)],
    ['setuid', entryOf('104755', 'f', blob)],
  ]
  return [...trees, ...more].map(([name, tree]) => ({
    name,
    commit: literal(repository, 'commit', commitText(literal(repository, 'tree', tree))),
  }))
}

test('trees that no git makes: what is exported stays in its folder', { timeout: 120_000 }, async () => {
  const repository = await source.repositories.path('s_1')
  for (const { name, commit } of hostileTrees(repository)) {
    const into = path.join(root, 'into')
    await attempt('tree, exported', name, () => source.trees.export({ serviceId: 's_1', commit, into }))
    for (const file of await fs.readdir(into, { recursive: true }).catch(() => [])) {
      const real = await fs.realpath(path.join(into, file)).catch(() => into)
      if (real !== into && !real.startsWith(`${into}/`)) wrong.push(`exported ${name}: ${file} is ${real}`)
    }
    await fs.rm(into, { recursive: true, force: true })
    await attempt('tree, listed', name, async () =>
      source.trees.list({ serviceId: 's_1', tree: (await source.trees.of({ serviceId: 's_1', commit })).treeHash }),
    )
  }
})

test('pushes of such trees and of such refs are refused', { timeout: 120_000 }, async () => {
  const server = http.createServer(
    (request, response) =>
      void source
        .serveGit(request, response, {
          serviceId: 's_1',
          path: (request.url ?? '').replace('/x.git', ''),
          user: { id: 'u_ada', ...ada },
          mayWrite: true,
        })
        .catch(
          (error: unknown) =>
            void (response.headersSent
              ? response.destroy()
              : response.writeHead(error instanceof PlatformError ? error.status : 500).end(String(error))),
        ),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x.git`
  const work = path.join(root, 'work')
  const env = {
    PATH: process.env.PATH,
    HOME: root,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
  } as unknown as NodeJS.ProcessEnv
  const git = (...args: string[]) => promisify(execFile)('git', args, { cwd: work, env })
  await fs.mkdir(work)
  await git('init', '-q', '-b', 'main')
  await git('fetch', '-q', url, 'main')
  const push = async (door: string, name: string, ...args: string[]) =>
    attempt(door, name, () =>
      git('-c', 'core.protectNTFS=false', '-c', 'core.protectHFS=false', 'push', '-q', '--force', url, ...args).catch(
        (error: unknown) => {
          throw new PlatformError('bad_request', String(error))
        },
      ),
    )
  const all = hostileTrees(path.join(work, '.git'))
  for (const { name, commit } of all) {
    const landed = await push('push, tree', name, `${commit}:refs/heads/hostile`)
    // Links out and modules are history that people have: kept, and left out of what is built. Odd modes are plain files there.
    if (landed && !/^(link (out|up)|a module|a device|no mode|setuid)$/.test(name)) wrong.push(`pushed: ${name}`)
  }
  for (const ref of [
    'refs/heads/../../x',
    'refs/heads/a..b',
    'refs/heads/-x',
    'refs/heads/--upload-pack=x',
    'refs/heads/.git',
    'refs/heads/a.lock',
    'refs/m3o/drafts/u_ada/production',
    'refs/m3o/departed/e_1',
    'refs/m3o/incoming/x',
    'refs/replace/x',
    'refs/notes/x',
    'refs/heads/preview/../x',
    'refs/heads/preview/$(touch x)',
    'refs/heads/preview/a;b',
    'HEAD',
    'config',
    'refs/heads/preview/-x',
  ]) {
    await push('push, ref', ref, `FETCH_HEAD:${ref}`)
  }
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

test('after all of it, nothing has escaped', async () => {
  const count = Object.values(tried).reduce((sum, { refused, landed }) => sum + refused + landed, 0)
  console.info(
    Object.entries(tried)
      .map(
        ([door, { refused, landed }]) =>
          `${door.padEnd(36)} ${String(refused).padStart(4)} refused ${String(landed).padStart(4)} landed within`,
      )
      .join('\n') + `\n${count} cases`,
  )
  expect(count).toBeGreaterThanOrEqual(500)
  expect(wrong).toEqual([])
  expect(await fs.readdir(outside())).toEqual(['canary'])
  expect(await fs.readFile(path.join(outside(), 'canary'), 'utf8')).toBe('as it was')
  expect((await fs.readdir(root)).sort()).toEqual(['home', 'outside', 'work'])
  expect(await fs.readdir(home)).toEqual(['source'])
  for (const name of await fs.readdir(path.join(home, 'source'))) {
    expect(name).toMatch(/^s_\w+\.git$/)
    const own = (await fs.readdir(path.join(home, 'source', name)))
      .filter((file) => !['objects', 'refs', 'packed-refs', 'info', 'logs'].includes(file))
      .sort()
    expect(own).toEqual(['HEAD', 'config'])
    expect(await fs.readFile(path.join(home, 'source', name, 'HEAD'), 'utf8')).toBe('ref: refs/heads/main\n')
    expect(await fs.readFile(path.join(home, 'source', name, 'config'), 'utf8')).not.toMatch(
      /hook|alias|filter|upload|pager|fsmonitor/i,
    )
    expect(await fs.readdir(path.join(home, 'source', name, 'objects/info')).catch(() => [])).not.toContain(
      'alternates',
    )
  }
  const repository = await source.repositories.path('s_1')
  const refs = execFileSync('git', ['--git-dir', repository, 'for-each-ref', '--format=%(refname)'], {
    encoding: 'utf8',
  })
    .trim()
    .split('\n')
  for (const ref of refs) expect(ref).toMatch(/^refs\/(heads\/[a-z-]+|m3o\/drafts\/[A-Za-z0-9_-]+\/[A-Za-z0-9_-]+)$/)
  // What stands in main now, through one door or another, is a tree that can be built.
  const { commit } = await source.branches.head({ serviceId: 's_1', branches: ['main'] })
  await source.trees.export({ serviceId: 's_1', commit, into: path.join(root, 'last') })
})
