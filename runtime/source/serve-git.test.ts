import { execFile, spawn } from 'node:child_process'
import fs from 'node:fs/promises'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { isPlatformError } from '#contract/errors.ts'
import { ada, draftOf, temporarySource } from './fixture.ts'
import { repositoryAt } from './naming.ts'
import { emptyTree } from './objects.ts'
import type { RefUpdate } from './serve-git.ts'
import { compareTrees } from './tree-edit.ts'

const run = promisify(execFile)

/** A real server, with the sign-in that the web process does in front of the product. */
async function withServer() {
  const at = await temporarySource()
  const { commit } = await at.source.repositories.create({
    serviceId: 's_1',
    files: [{ path: 'index.ts', content: 'one\n' }],
    author: ada,
  })
  const pushed: RefUpdate[][] = []
  const server = http.createServer(
    (request, response) =>
      void (async () => {
        const [name = '', secret] = Buffer.from((request.headers.authorization ?? '').slice(6), 'base64')
          .toString()
          .split(':')
        if (secret !== 'm3o_x') return void response.writeHead(401, { 'www-authenticate': 'Basic realm="m3o"' }).end()
        try {
          const { refs } = await at.source.serveGit(request, response, {
            serviceId: 's_1',
            path: (request.url ?? '').replace('/git/acme/hello.git', ''),
            user: { id: 'u_ada', ...ada },
            mayWrite: name === 'writer',
          })
          if (refs.length > 0) pushed.push(refs)
        } catch (error) {
          if (!response.headersSent) response.writeHead(isPlatformError(error) ? error.status : 500).end(String(error))
        }
      })(),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const url = (name: string) => `http://${name}:m3o_x@127.0.0.1:${port}/git/acme/hello.git`
  const env = {
    PATH: process.env.PATH,
    HOME: at.home,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_AUTHOR_NAME: 'Ada',
    GIT_AUTHOR_EMAIL: 'a@b',
    GIT_COMMITTER_NAME: 'Ada',
    GIT_COMMITTER_EMAIL: 'a@b',
    GIT_ALLOW_PROTOCOL: 'http',
  } as unknown as NodeJS.ProcessEnv
  const work = path.join(at.home, 'work')
  const git = async (...args: string[]) =>
    (
      await run('git', args, {
        cwd: await fs.stat(work).then(
          () => work,
          () => at.home,
        ),
        env,
        maxBuffer: 1 << 24,
      })
    ).stdout
  return {
    ...at,
    commit,
    pushed,
    url,
    git,
    work,
    port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await at[Symbol.asyncDispose]()
    },
  }
}

test('a real git clones, pushes, is told what moved, and sees no draft', async () => {
  await using at = await withServer()
  await at.source.drafts.saveFile({ ...draftOf('u_ada'), path: 'secret.ts', content: 'draft', expectedHash: null })
  await at.git('clone', '-q', at.url('writer'), at.work)
  expect(await fs.readFile(path.join(at.work, 'index.ts'), 'utf8')).toBe('one\n')
  expect(await at.git('ls-remote', at.url('reader'))).toBe(`${at.commit}\tHEAD\n${at.commit}\trefs/heads/main\n`)
  await fs.writeFile(path.join(at.work, 'index.ts'), 'two\n')
  await at.git('commit', '-qam', 'Two')
  const head = (await at.git('rev-parse', 'HEAD')).trim()
  await at.git('push', '-q', 'origin', 'main', 'main:staging')
  await expect
    .poll(() => at.pushed.flat())
    .toEqual([
      { ref: 'refs/heads/main', old: at.commit, new: head },
      { ref: 'refs/heads/staging', old: null, new: head },
    ])
  expect((await at.source.branches.head({ serviceId: 's_1', branches: ['main'] })).commit).toBe(head)
  await at.git('push', '-q', 'origin', ':staging')
  await expect.poll(() => at.pushed.flat().at(-1)).toEqual({ ref: 'refs/heads/staging', old: head, new: null })
}, 60_000)

test('a reader cannot push, and nobody deletes main, touches drafts or goes around the protocol', async () => {
  await using at = await withServer()
  await at.git('clone', '-q', at.url('reader'), at.work)
  await at.git('commit', '-q', '--allow-empty', '-m', 'Mine')
  await expect(at.git('push', 'origin', 'main')).rejects.toThrow(/403/)
  await expect(at.git('push', at.url('writer'), ':main')).rejects.toThrow(/main/)
  await expect(at.git('push', at.url('writer'), 'main:refs/m3o/drafts/u_ada/production')).rejects.toThrow(/hidden ref/)
  await expect(at.git('push', at.url('writer'), 'main:refs/other/x')).rejects.toThrow(/neither a branch nor a tag/)
  for (const [method, url, status] of [
    ['GET', '/info/refs', 400],
    ['GET', '/HEAD', 404],
    ['GET', '/objects/info/packs', 404],
    ['GET', '/config', 404],
    ['POST', '/git-upload-archive', 404],
    ['GET', '/../s_2.git/info/refs?service=git-upload-pack', 404],
  ] as const) {
    const answer = await new Promise<number | undefined>((resolve, reject) => {
      http
        .request(
          {
            port: at.port,
            host: '127.0.0.1',
            method,
            path: `/git/acme/hello.git${url}`,
            headers: { authorization: `Basic ${btoa('writer:m3o_x')}` },
          },
          (response) => {
            response.resume()
            resolve(response.statusCode)
          },
        )
        .once('error', reject)
        .end()
    })
    expect(answer, `${method} ${url}`).toBe(status)
  }
  expect(at.pushed).toEqual([])
}, 60_000)

test('history that a deployment will take up is sent to a place that nobody sees, called after its commit', async () => {
  await using at = await withServer()
  await at.git('clone', '-q', at.url('writer'), at.work)
  await at.git('commit', '-q', '--allow-empty', '-m', 'Mine')
  const head = (await at.git('rev-parse', 'HEAD')).trim()
  await expect(at.git('push', at.url('reader'), `main:refs/m3o/incoming/${head}`)).rejects.toThrow(/403/)
  await expect(at.git('push', at.url('writer'), `main:refs/m3o/incoming/${at.commit}`)).rejects.toThrow(
    /not called after its commit/,
  )
  await at.git('push', '-q', at.url('writer'), `main:refs/m3o/incoming/${head}`)
  expect(await at.git('ls-remote', at.url('writer'))).toBe(`${at.commit}\tHEAD\n${at.commit}\trefs/heads/main\n`)
  await expect(at.git('push', at.url('writer'), `:refs/m3o/incoming/${head}`)).rejects.toThrow(
    /not called after its commit/,
  )
  expect((await at.source.branches.list({ serviceId: 's_1' })).map(({ branch }) => branch)).toEqual(['main'])
  // What no deployment has taken up within an hour goes.
  await at.source.repositories.maintain('s_1')
  const ref = path.join(at.home, 'source/s_1.git/refs/m3o/incoming', head)
  expect(await fs.readFile(ref, 'utf8')).toBe(`${head}\n`)
  await fs.utimes(ref, 0, 0)
  await at.source.repositories.maintain('s_1')
  await expect(fs.stat(ref)).rejects.toThrow('ENOENT')
}, 60_000)

test('a push with a .git in a tree, a broken object or too many files is refused whole', async () => {
  await using at = await withServer()
  await at.git('clone', '-q', at.url('writer'), at.work)
  const blob = (await at.git('hash-object', '-w', 'index.ts')).trim()
  const inner = await tree(at.work, `100644 blob ${blob}\tconfig\n`)
  for (const name of ['.git', '.GIT', 'git~1', '..', '.g\u200cit']) {
    // `mktree` itself would refuse some of these, so the object is written as it is.
    const body = Buffer.concat([Buffer.from(`40000 ${name}\0`), Buffer.from(inner, 'hex')])
    await fs.writeFile(path.join(at.home, 'raw'), body)
    const bad = (await at.git('hash-object', '-w', '-t', 'tree', '--literally', path.join(at.home, 'raw'))).trim()
    const commit = (await at.git('commit-tree', '-m', 'Bad', bad)).trim()
    await expect(at.git('push', 'origin', `${commit}:refs/heads/bad`), name).rejects.toThrow(
      /fsck|dotdot|remote unpack failed|unpacker error/i,
    )
  }
  // Ten folders ten deep, each the same ten times: ten thousand million files in eleven small objects.
  let bomb = inner
  for (let depth = 0; depth < 10; depth++)
    bomb = await tree(at.work, Array.from({ length: 10 }, (_, n) => `040000 tree ${bomb}\td${n}\n`).join(''))
  const commit = (await at.git('commit-tree', '-m', 'Bomb', bomb)).trim()
  await expect(at.git('push', 'origin', `${commit}:refs/heads/bomb`)).rejects.toThrow(/more than 10000 (files|folders)/)
  await expect(at.source.trees.list({ serviceId: 's_1', tree: commit })).rejects.toMatchObject({ code: 'not_found' })
  expect(await at.source.branches.list({ serviceId: 's_1' })).toHaveLength(1)
}, 60_000)

test('a path that no build could have is refused when it is pushed, with the reason', async () => {
  await using at = await withServer()
  await at.git('clone', '-q', at.url('writer'), at.work)
  const blob = (await at.git('hash-object', '-w', 'index.ts')).trim()
  const pushOf = async (names: string[]) => {
    const top = await tree(at.work, names.map((name) => `100644 blob ${blob}\t${name}\n`).join(''))
    const commit = (await at.git('commit-tree', '-m', 'Odd', '-p', at.commit, top)).trim()
    return at.git('push', 'origin', `${commit}:refs/heads/odd`)
  }
  await expect(pushOf(['a\\\\b'])).rejects.toThrow(/m3o: the path "a\\\\b" contains a backslash in refs\/heads\/odd/)
  await expect(pushOf(['"ends in a dot."'])).rejects.toThrow(/ends with a dot or a space/)
  await expect(pushOf(['"new\\nline"'])).rejects.toThrow(/contains a control character/)
  await expect(pushOf(['"\\377\\376"'])).rejects.toThrow(/is not valid UTF-8/)
  await expect(pushOf(Array.from({ length: 9 }, (_, n) => `"${n} "`))).rejects.toThrow(/4 more paths like these/)
  expect(await at.source.branches.list({ serviceId: 's_1' })).toHaveLength(1)
  await pushOf(['ünï 日本 🚀 #%?&\'"$(x);.ts', '-rf', '~', 'a b'])
  const { commit } = await at.source.branches.head({ serviceId: 's_1', branches: ['odd'] })
  expect((await at.source.trees.of({ serviceId: 's_1', commit })).files).toHaveLength(4)
}, 60_000)

test('a large push is streamed, and one cut off leaves the repository as it was', async () => {
  await using at = await withServer()
  await at.git('clone', '-q', at.url('writer'), at.work)
  const { randomBytes } = await import('node:crypto')
  const file = await fs.open(path.join(at.work, 'big.bin'), 'w')
  for (let n = 0; n < 25; n++) await file.appendFile(randomBytes(1 << 20))
  await file.close()
  await at.git('add', '.')
  await at.git('commit', '-qm', 'Big')
  const before = process.memoryUsage().rss
  const cut = spawn('git', ['push', '-q', 'origin', 'main'], { cwd: at.work, detached: true, stdio: 'ignore' })
  const ended = new Promise((resolve) => cut.once('close', resolve))
  const packs = path.join(at.home, 'source/s_1.git/objects')
  await expect
    .poll(async () => (await fs.readdir(packs)).some((name) => name.startsWith('tmp_objdir')), {
      timeout: 20_000,
      interval: 5,
    })
    .toBe(true)
  process.kill(-(cut.pid ?? 0), 'SIGKILL')
  await ended
  expect((await at.source.branches.head({ serviceId: 's_1', branches: ['main'] })).commit).toBe(at.commit)
  await expect
    .poll(async () => (await fs.readdir(packs)).filter((name) => name.startsWith('tmp_')), { timeout: 20_000 })
    .toEqual([])
  await at.git('push', '-q', 'origin', 'main')
  expect((process.memoryUsage().rss - before) / (1 << 20)).toBeLessThan(120)
  await expect.poll(() => at.pushed.length).toBe(1)
  await run('git', ['--git-dir', `${at.home}/source/s_1.git`, 'fsck', '--strict', '--no-dangling'])
}, 120_000)

async function tree(cwd: string, text: string): Promise<string> {
  const child = execFile('git', ['mktree'], { cwd })
  child.stdin?.end(text)
  let out = ''
  child.stdout?.on('data', (chunk: string) => {
    out += chunk
  })
  await new Promise((resolve) => child.once('close', resolve))
  return out.trim()
}

test('a name that leads git to anything else as well is refused, and what is there already can be deleted', async () => {
  await using at = await withServer()
  await at.git('clone', '-q', at.url('writer'), at.work)
  await at.git('commit', '-q', '--allow-empty', '-m', 'Mine')
  const short = at.commit.slice(0, 7)
  for (const [ref, why] of [
    ['refs/tags/HEAD', 'names that git has'],
    ['refs/heads/HEAD', 'names that git has'],
    ['refs/tags/FETCH_HEAD', 'names that git has'],
    ['refs/tags/x/HEAD', 'names that git has'],
    ['refs/tags/main', 'also the name of the heads/main'],
    ['refs/tags/heads/main', 'full name'],
    ['refs/tags/origin/main', 'full name'],
    ['refs/tags/refs/heads/main', 'full name'],
    ['refs/heads/tags/v1', 'full name'],
    [`refs/tags/${short}`, 'hash of a commit'],
    [`refs/heads/${at.commit}`, 'hash of a commit'],
    [`refs/tags/v1-3-g${short}`, 'hash of a commit'],
  ] as const)
    await expect(at.git('push', 'origin', `HEAD:${ref}`), ref).rejects.toThrow(why)
  // Neither may come with the other, nor after it.
  await expect(at.git('push', 'origin', 'HEAD:refs/tags/next', 'HEAD:refs/heads/next')).rejects.toThrow(
    'also the name of',
  )
  await at.git(
    'push',
    '-q',
    'origin',
    'HEAD:refs/tags/v1.0',
    'HEAD:refs/tags/release/2026',
    'HEAD:refs/heads/next',
    'HEAD:refs/heads/main',
    'HEAD:refs/heads/preview/added-feed',
  )
  await expect(at.git('push', 'origin', 'HEAD:refs/heads/v1.0')).rejects.toThrow('also the name of the tags/v1.0')
  // Of a release before this rule.
  const { dir } = repositoryAt(at.home, 's_1')
  await run('git', ['update-ref', 'refs/tags/main', at.commit], { cwd: dir })
  await at.git('commit', '-q', '--allow-empty', '-m', 'More')
  await at.git('push', '-q', 'origin', 'HEAD:refs/heads/main')
  await at.git('push', '-q', 'origin', ':refs/tags/main')
}, 60_000)

test('a push of more refs than are looked at in time is refused before any of them is', async () => {
  await using at = await withServer()
  const refs = (count: number) =>
    Array.from({ length: count }, (_, n) => `${'0'.repeat(40)} ${at.commit} refs/tags/v${n}\n`).join('')
  const hook = spawn(path.join(import.meta.dirname, 'hooks/pre-receive'), {
    cwd: repositoryAt(at.home, 's_1').dir,
    env: { PATH: process.env.PATH } as unknown as NodeJS.ProcessEnv,
    stdio: 'pipe',
  })
  let said = ''
  hook.stderr.on('data', (text: Buffer) => (said += text.toString()))
  hook.stdin.end(refs(2_001))
  expect(await new Promise((resolve) => hook.once('close', resolve))).toBe(1)
  expect(said).toBe('m3o: more than 2,000 branches and tags in one push: push them in parts\n')
}, 60_000)

test(
  'a tree that is more paths than anybody can walk is refused at its push, and harms nobody where it lies below another commit',
  { timeout: 60_000 },
  async () => {
    await using at = await withServer()
    await at.git('clone', '-q', at.url('writer'), at.work)
    const made = async (input: string, ...args: string[]) => {
      const child = run('git', args, {
        cwd: at.work,
        env: {
          PATH: process.env.PATH,
          GIT_AUTHOR_NAME: 'A',
          GIT_AUTHOR_EMAIL: 'a@b',
          GIT_COMMITTER_NAME: 'A',
          GIT_COMMITTER_EMAIL: 'a@b',
        } as unknown as NodeJS.ProcessEnv,
      })
      child.child.stdin?.on('error', () => {}).end(input) // commit-tree reads none
      return (await child).stdout.trim()
    }
    // Ten times the one below, twelve times over: 10¹² folders in 13 objects, and no file.
    let tree = await made('', 'mktree')
    for (let level = 0; level < 12; level++)
      tree = await made(Array.from({ length: 10 }, (_, n) => `040000 tree ${tree}\tt${n}\n`).join(''), 'mktree')
    let deep = await made('', 'mktree')
    for (let level = 0; level < 600; level++) deep = await made(`040000 tree ${deep}\td\n`, 'mktree')
    const bomb = await made('', 'commit-tree', tree, '-p', at.commit, '-m', 'bomb')
    const shaft = await made('', 'commit-tree', deep, '-p', bomb, '-m', 'shaft')
    await expect(at.git('push', '-q', 'origin', `${bomb}:refs/heads/bomb`)).rejects.toThrow(
      /refs\/heads\/bomb has more than 10000 folders/,
    )
    const good = await made('', 'commit-tree', `${at.commit}^{tree}`, '-p', shaft, '-m', 'good again')
    await at.git('push', '-q', 'origin', `${good}:refs/heads/main`)

    const { source } = at
    let turns = 0
    const turning = setInterval(() => turns++, 5)
    for (const commit of [bomb, shaft]) {
      const began = performance.now()
      const refused = { code: 'too_large' }
      await expect(source.trees.of({ serviceId: 's_1', commit })).rejects.toMatchObject(refused)
      await expect(source.trees.list({ serviceId: 's_1', tree: commit })).rejects.toMatchObject(refused)
      await expect(source.history.diff({ serviceId: 's_1', from: at.commit, to: commit })).rejects.toMatchObject(
        refused,
      )
      await expect(source.history.diffCommit({ serviceId: 's_1', commit })).rejects.toMatchObject(refused)
      expect(performance.now() - began).toBeLessThan(5_000)
    }
    await expect(compareTrees(repositoryAt(at.home, 's_1'), emptyTree, tree)).rejects.toMatchObject({
      code: 'too_large',
    })
    clearInterval(turning)
    expect(turns).toBeGreaterThan(0)
  },
)
