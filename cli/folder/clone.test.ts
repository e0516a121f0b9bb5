import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { clone, update } from './clone.ts'
import { historyOf } from './history.ts'

const run = promisify(execFile)
const env = {
  PATH: process.env.PATH,
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'a@b',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'a@b',
} as unknown as NodeJS.ProcessEnv

/** Every name by which git could be led to another commit than the branch's, each at `evil`; not what the platform takes today, but what it may hold. */
const misleading = [
  'tags/HEAD',
  'tags/main',
  'tags/alice',
  'tags/heads/main',
  'tags/heads/alice',
  'tags/origin/main',
  'tags/origin/alice',
  'tags/refs/heads/main',
  'tags/remotes/origin/main',
  'tags/FETCH_HEAD',
  'heads/HEAD',
  'heads/origin/main',
]

async function repositories() {
  const folder = await mkdtemp(join(tmpdir(), 'm3o-clone-'))
  const [bare, work, pulled] = [join(folder, 'git/s.git'), join(folder, 'work'), join(folder, 'pulled')]
  const git = async (...args: string[]) => (await run('git', args, { cwd: work, env })).stdout.trim()
  await run('git', ['init', '-q', '--bare', '-b', 'main', bare], { env })
  await run('git', ['init', '-q', '-b', 'main', work], { env })
  const commit = async (text: string) => {
    await writeFile(join(work, 'file'), text)
    await git('add', '-A')
    await git('commit', '-qm', text)
    return git('rev-parse', 'refs/heads/main')
  }
  // Not by their names: git, too, would find more than one.
  const push = async (...refs: string[]) => {
    for (const [from = '', to = from] of refs.map((ref) => ref.split(':'))) {
      await git('push', '-qf', bare, `${await git('rev-parse', from)}:refs/sent/commit`)
      await run('git', ['update-ref', to, await git('rev-parse', from)], { cwd: bare, env })
    }
    await run('git', ['update-ref', '-d', 'refs/sent/commit'], { cwd: bare, env })
  }
  const evil = await commit('evil')
  const first = await commit('first')
  const mislead = () =>
    push(...misleading.map((ref) => `${evil}:refs/${ref}`), `${evil}:refs/tags/${first.slice(0, 7)}`)
  const origin = (...branches: [string, ...string[]]) => ({
    service: 's',
    url: `file://${folder}`,
    repository: `file://${bare}`,
    label: 'x',
    branches,
    env: {},
  })
  return {
    pulled,
    commit,
    push,
    mislead,
    origin,
    first,
    file: () => readFile(join(pulled, 'file'), 'utf8'),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

test('whatever else is called like a branch, or HEAD: what is pulled, and what a deployment is based on, is the branch', async () => {
  await using at = await repositories()
  await at.push('refs/heads/main')
  await at.mislead()
  expect(await clone(at.pulled, at.origin('main'))).toMatchObject({ commit: at.first, outcome: 'pulled' })
  expect([await at.file(), await historyOf(at.pulled)]).toEqual(['first', at.first])
  expect((await update(at.pulled, at.origin('main'))).outcome).toBe('unchanged')
  const second = await at.commit('second')
  await at.push('refs/heads/main')
  expect(await update(at.pulled, at.origin('main'))).toMatchObject({ commit: second, outcome: 'updated' })
  expect([await at.file(), await historyOf(at.pulled)]).toEqual(['second', second])
  // To another environment and back.
  await at.push('refs/heads/main:refs/heads/alice')
  await at.mislead()
  const third = await at.commit('third')
  await at.push(`${third}:refs/heads/alice`)
  expect(await update(at.pulled, at.origin('alice', 'main'))).toMatchObject({ commit: third, outcome: 'updated' })
  expect([await at.file(), await historyOf(at.pulled)]).toEqual(['third', third])
  expect(await update(at.pulled, at.origin('main'))).toMatchObject({ commit: second, outcome: 'updated' })
  expect([await at.file(), await historyOf(at.pulled)]).toEqual(['second', second])
})
