import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { isPlatformError, PlatformError } from '#contract/errors.ts'
import { credentialSettings, git, type Ran } from '../git.ts'
import { besideFolder, isBeside } from './beside.ts'

/** A service's repository on a platform, from where one environment looks at it. */
export interface Origin {
  service: string
  /** Of the platform. */
  url: string
  repository: string
  /** What a second platform's remote is called; the first is git's `origin`. */
  label: string
  /** The environment's own branch first, then its parents' up to main. */
  branches: readonly [string, ...string[]]
  /** Of a git that signs in. */
  env: Readonly<Record<string, string>>
}

export interface Brought {
  branch: string
  commit: string
  outcome: 'pulled' | 'updated' | 'unchanged'
}

/**
 * Brings the whole history into a folder that is new, and checks the environment's branch out. Its settings name the
 * service, and have git ask `m3o` for the token. A repository without a commit checked out is no finished one.
 */
export async function clone(folder: string, origin: Origin): Promise<Brought> {
  const [branch] = origin.branches
  await git(['init', '-q', '--template=', '-b', branch, folder])
  await mkdir(join(folder, '.git/info'), { recursive: true })
  for (const [key, value] of [
    ['m3o.service', origin.service],
    ['m3o.history', 'true'],
  ] as const)
    await git(['config', '--local', key, value], { cwd: folder })
  const { start } = await fetchFrom(folder, origin)
  await git(['checkout', '-q', '--no-track', '-B', branch, start, '--'], { cwd: folder })
  await requireAt(folder, branch, start)
  await settle(folder, origin)
  return { branch, commit: start, outcome: 'pulled' }
}

/** Brings what is new into a folder that was pulled, or refuses without having changed a file of it. */
export async function update(folder: string, origin: Origin): Promise<Brought> {
  const [branch] = origin.branches
  const at = { cwd: folder }
  // In full: what is short for one ref may be short for another as well.
  const head = (await git(['symbolic-ref', '-q', 'HEAD'], { ...at, accept: [0, 1] })).stdout.trim()
  const on = head.replace(/^refs\/heads\//, '')
  if (on === '')
    throw new PlatformError('conflict', `${folder} is on no branch: a git operation is in progress`, {
      fix: `Finish it, or run git switch ${branch}, then pull again.`,
    })
  const { start } = await fetchFrom(folder, origin)
  const own = (
    await git(['rev-parse', '-q', '--verify', `refs/heads/${branch}^{commit}`], { ...at, accept: [0, 1] })
  ).stdout.trim()
  const isBehind = own === '' || (await contains(folder, start, own))
  if (!isBehind && !(await contains(folder, own, start))) {
    throw new PlatformError('conflict', `${branch} here and ${branch} of ${origin.label} have diverged`, {
      fix: `Run git merge refs/remotes/${await remoteOf(folder, origin)}/${await branchOfStart(folder, origin)}, or deploy, which merges too.`,
    })
  }
  const moves = on !== branch || (isBehind && own !== start)
  const differing = (await git(['status', '--porcelain', '-z'], at)).stdout.split('\0').filter(Boolean)
  const adopted = moves && on === branch && differing.length > 0 && (await adopt(folder, start, own))
  const changed = differing.filter((line) => !line.startsWith('??')).map((line) => line.slice(3))
  if (changed.length > 0 && moves && !adopted) {
    throw new PlatformError(
      'conflict',
      `${folder} has uncommitted changes: ${changed.slice(0, 5).join(', ')}${changed.length > 5 ? ` and ${changed.length - 5} more` : ''}`,
      {
        fix: 'Commit them (git commit -a) or stash them (git stash), then pull again.',
        data: { paths: changed.slice(0, 100) },
      },
    )
  }
  if (on !== branch)
    await keeping(
      folder,
      own === '' ? ['checkout', '-q', '--no-track', '-b', branch, start, '--'] : ['checkout', '-q', branch, '--'],
    )
  if (isBehind && own !== '' && !adopted) await keeping(folder, ['merge', '-q', '--ff-only', start])
  await requireAt(folder, branch, isBehind ? start : own)
  await settle(folder, origin)
  return { branch, commit: start, outcome: moves ? 'updated' : 'unchanged' }
}

/** The name of the service that this folder was pulled as; undefined for any other folder. */
export async function pulledService(folder: string): Promise<string | undefined> {
  // Without git there is no such folder.
  const top = await git(['rev-parse', '--show-cdup'], { cwd: folder, accept: [0, 128] }).catch(() => undefined)
  // Below a repository, its settings would be taken for this folder's.
  if (top?.code !== 0 || top.stdout.trim() !== '') return undefined
  return (await git(['config', '--local', 'm3o.service'], { cwd: folder, accept: [0, 1] })).stdout.trim() || undefined
}

async function fetchFrom(folder: string, origin: Origin): Promise<{ start: string }> {
  const remote = await ensureRemote(folder, origin)
  await git(['fetch', '-q', '--prune', '--no-write-fetch-head', remote], { cwd: folder, env: origin.env })
  const branch = await branchOfStart(folder, origin)
  const { stdout } = await git(['rev-parse', '--verify', `refs/remotes/${remote}/${branch}^{commit}`], { cwd: folder })
  return { start: stdout.trim() }
}

/** Whatever other refs are called: what is checked out is the branch, and the commit, that were meant. @throws PlatformError `conflict` */
async function requireAt(folder: string, branch: string, commit: string): Promise<void> {
  const at = { cwd: folder }
  const head = (await git(['symbolic-ref', '-q', 'HEAD'], { ...at, accept: [0, 1] })).stdout.trim()
  const now = (
    await git(['rev-parse', '-q', '--verify', `refs/heads/${branch}^{commit}`], { ...at, accept: [0, 1] })
  ).stdout.trim()
  if (head === `refs/heads/${branch}` && now === commit) return
  throw new PlatformError('conflict', `git checked out something other than ${branch} at ${commit.slice(0, 7)}`, {
    fix: 'Delete names that both git tag and git branch list, then pull again.',
  })
}

/** The commit that is checked out, read from its branch by its full name; undefined while there is none. */
export async function headOf(folder: string): Promise<string | undefined> {
  const at = { cwd: folder, accept: [0, 1, 128] }
  const ref = (await git(['symbolic-ref', '-q', 'HEAD'], at)).stdout.trim()
  if (ref !== '') return (await git(['rev-parse', '-q', '--verify', `${ref}^{commit}`], at)).stdout.trim() || undefined
  return (await git(['rev-parse', '-q', '--verify', 'HEAD^{commit}'], at)).stdout.trim() || undefined
}

/** The environment's own branch, or the nearest parent's that there is. */
async function branchOfStart(folder: string, origin: Origin): Promise<string> {
  const remote = await remoteOf(folder, origin)
  for (const branch of origin.branches) {
    if (
      (
        await git(['rev-parse', '-q', '--verify', `refs/remotes/${remote}/${branch}^{commit}`], {
          cwd: folder,
          accept: [0, 1],
        })
      ).code === 0
    )
      return branch
  }
  throw new PlatformError('not_found', `${origin.service} has no source yet`, {
    fix: 'Deploy a folder, or push to main.',
  })
}

/** The platform's, by whatever name: its service may have been renamed, or moved to another team. */
async function remoteOf(folder: string, { url }: Origin): Promise<string | undefined> {
  const { stdout } = await git(['config', '--local', '-z', '--get-regexp', String.raw`^remote\..*\.url$`], {
    cwd: folder,
    accept: [0, 1],
  })
  const found = stdout
    .split('\0')
    .map((line) => line.split('\n'))
    .find(([, value]) => value?.startsWith(`${url}/git/`))
  return found?.[0]?.slice('remote.'.length, -'.url'.length)
}

async function ensureRemote(folder: string, origin: Origin): Promise<string> {
  const at = { cwd: folder }
  const found = await remoteOf(folder, origin)
  if (found !== undefined) await git(['remote', 'set-url', '--', found, origin.repository], at)
  const names = (await git(['remote'], at)).stdout.split('\n').filter(Boolean)
  const name =
    found ??
    (names.includes('origin')
      ? ([origin.label.replace(/[^A-Za-z0-9.]+/g, '-').replace(/^[-.]+/, ''), 'm3o'].find(
          (one) => one !== '' && !names.includes(one),
        ) ?? 'platform')
      : 'origin')
  if (found === undefined) await git(['remote', 'add', '--', name, origin.repository], at)
  const settings = credentialSettings(origin.url)
  const [key = ''] = settings[0] ?? []
  await git(['config', '--local', '--unset-all', key], { ...at, accept: [0, 5] })
  for (const [, value] of settings) await git(['config', '--local', '--add', key, value], at)
  return name
}

/** `git push` goes to the environment that was pulled last. */
async function settle(folder: string, origin: Origin): Promise<void> {
  const [branch] = origin.branches
  const remote = (await remoteOf(folder, origin)) ?? 'origin'
  await git(['config', '--local', `branch.${branch}.remote`, remote], { cwd: folder })
  await git(['config', '--local', `branch.${branch}.merge`, `refs/heads/${branch}`], { cwd: folder })
  const exclude = resolve(
    folder,
    (await git(['rev-parse', '--git-path', 'info/exclude'], { cwd: folder })).stdout.trim(),
  )
  const text = await readFile(exclude, 'utf8').catch(() => '')
  const line = `/${besideFolder}/`
  if (text.split('\n').includes(line)) return
  await mkdir(dirname(exclude), { recursive: true })
  await writeFile(exclude, `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`)
}

/** A source that holds what is kept beside it would have it uploaded by whoever commits. @throws PlatformError `conflict` */
export async function refuseBeside(folder: string, commit: string): Promise<void> {
  const { stdout } = await git(['ls-tree', '-r', '-z', '--name-only', '--full-tree', commit], { cwd: folder })
  const path = stdout.split('\0').find(isBeside)
  if (path === undefined) return
  throw new PlatformError('conflict', `the source contains ${path}, where variables and secrets would be stored`, {
    fix: `Remove it from the source (git rm -r ${besideFolder}), or pull without settings: --no-settings.`,
  })
}

async function contains(folder: string, commit: string, ancestor: string): Promise<boolean> {
  return (await git(['merge-base', '--is-ancestor', ancestor, commit], { cwd: folder, accept: [0, 1] })).code === 0
}

/** Changes that were deployed from here are what the platform has committed since: only the branch is behind, no file is. */
async function adopt(folder: string, start: string, own: string): Promise<boolean> {
  const index = (await git(['rev-parse', '--git-path', `m3o-index-${process.pid}`], { cwd: folder })).stdout.trim()
  const env = { GIT_INDEX_FILE: resolve(folder, index) }
  const at = { cwd: folder }
  try {
    await git(['read-tree', 'HEAD'], { ...at, env })
    await git(['add', '-A'], { ...at, env })
    const { stdout: tree } = await git(['write-tree'], { ...at, env })
    if (tree !== (await git(['rev-parse', `${start}^{tree}`], at)).stdout) return false
  } finally {
    await rm(env.GIT_INDEX_FILE, { force: true })
  }
  await git(['update-ref', '-m', 'm3o pull: what was deployed from here', 'HEAD', start, own], at)
  await git(['reset', '-q'], at)
  return true
}

/** Git itself refuses to write over files that it does not know. @throws PlatformError `conflict` */
async function keeping(folder: string, args: readonly string[]): Promise<Ran> {
  return git(args, { cwd: folder }).catch((error: unknown) => {
    if (!isPlatformError(error) || error.code !== 'bad_request') throw error
    const said = (error.data?.said as string[] | undefined) ?? []
    const inWay = said.filter((line) => !/^(error|Please|Aborting|fatal)/.test(line))
    throw new PlatformError(
      'conflict',
      `files in ${folder} are in the way: ${inWay.slice(0, 5).join(', ') || error.message}`,
      { fix: 'Move them elsewhere, then pull again.' },
      { cause: error },
    )
  })
}
