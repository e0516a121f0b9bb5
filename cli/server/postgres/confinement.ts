import { execFile } from 'node:child_process'
import { chmodSync, existsSync, lchownSync, lstatSync, readdirSync } from 'node:fs'
import { userInfo } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { childEnvironment } from '../child-environment.ts'
import { Problem } from '../problem.ts'
import { accountId, type PostgresFolders } from './folders.ts'
import { copyOf, nativeFolder } from './native.ts'

/** How Postgres's programs are run: Postgres refuses to be root, and need not see more of the machine than its folder. */
export interface Confinement {
  kind: 'direct' | 'sandbox' | 'namespace' | 'user'
  /** `$M3O_HOME/pg` as Postgres sees it. */
  base: string
  /** Account names that a client of ours has, as Postgres sees them (for pg_ident.conf). */
  clients: string[]
  /** The command line of one of Postgres's programs, given to execve as it is. */
  commandLine: (program: 'postgres' | 'initdb', args: string[]) => string[]
  /** What is weaker than it could be, for the console. */
  weakness?: string
}

/**
 * As an ordinary user: directly. As root, the first that works:
 * - `sandbox`: bubblewrap mounts what is needed while it is root (so that home and checkout may lie where only root can
 *   enter), then a user namespace makes it look like an ordinary account;
 * - `namespace`: that user namespace alone;
 * - `user`: really another uid, where a container forbids namespaces; the home must be reachable for it.
 */
export async function chooseConfinement(folders: PostgresFolders): Promise<Confinement> {
  const native = nativeFolder(folders.cache)
  const root = process.getuid?.() === 0
  const candidates = root ? [sandbox, namespace, otherUser] : [direct, sandbox]
  let cause: unknown
  for (const prepare of candidates) {
    const candidate = prepare(folders, native)
    const [file = '', ...args] = candidate.commandLine('postgres', ['--version'])
    try {
      await promisify(execFile)(file, args, { env: postgresEnvironment(candidate), timeout: 10_000 })
      giveTo(folders.base, root && candidate.kind === 'user' ? accountId : (process.getuid?.() ?? 0))
      return candidate
    } catch (error) {
      cause = error
    }
  }
  const advice = root
    ? 'install bubblewrap, or set DATABASE_URL to your own Postgres'
    : 'set DATABASE_URL to your own Postgres'
  throw new Problem(`embedded Postgres does not run here: ${advice}`, { cause })
}

/** Nothing of ours but what it needs. A mask of 077 is set on its way in (commandLine). */
export function postgresEnvironment(confinement: Confinement): NodeJS.ProcessEnv {
  return childEnvironment({
    PATH: '/usr/bin:/bin',
    LC_ALL: 'C',
    TZ: 'UTC',
    HOME: confinement.base,
    TMPDIR: join(confinement.base, 'tmp'),
  })
}

const masked = ['/bin/sh', '-c', 'umask 077 && exec "$@"', 'm3o']
const asAccount = ['unshare', '--user', `--map-user=${accountId}`, `--map-group=${accountId}`, '--']

function direct(folders: PostgresFolders, native: string): Confinement {
  const name = nameOfUser()
  return {
    kind: 'direct',
    base: folders.base,
    clients: name === undefined ? [] : [name],
    // initdb wants to know the user's name; whoever has none (a container's random uid) gets the sandbox's.
    commandLine: (program, args) =>
      name === undefined ? ['false'] : [...masked, join(native, 'bin', program), ...args],
  }
}

function sandbox(folders: PostgresFolders, native: string): Confinement {
  const systemFolders = ['/usr', '/lib', '/lib64', '/lib32', '/bin', '/sbin'].filter((path) => existsSync(path))
  const mounts = [
    ...systemFolders.flatMap((path) => ['--ro-bind', path, path]),
    ...['/etc/ld.so.cache', '/etc/localtime'].flatMap((path) => ['--ro-bind-try', path, path]),
    '--ro-bind',
    join(folders.base, 'passwd'),
    '/etc/passwd',
    '--ro-bind',
    join(folders.base, 'group'),
    '/etc/group',
    '--ro-bind',
    native,
    '/native',
    '--bind',
    folders.base,
    '/pg',
    '--proc',
    '/proc',
    '--dev',
    '/dev',
    '--tmpfs',
    '/tmp',
    '--chdir',
    '/pg',
    '--remount-ro',
    '/',
  ]
  // Its own network, and none of the others: sharing System V shared memory and pids is how Postgres finds out that
  // another postmaster still serves the same folder.
  const apart = process.getuid?.() === 0 ? ['--unshare-net'] : ['--unshare-net', '--unshare-user']
  return {
    kind: 'sandbox',
    base: '/pg',
    clients: ['daemon'],
    commandLine: (program, args) => [
      ...masked,
      toolPath('bwrap'),
      ...apart,
      ...mounts,
      '--',
      '/usr/bin/env',
      ...asAccount,
      `/native/bin/${program}`,
      ...args,
    ],
  }
}

function namespace(folders: PostgresFolders, native: string): Confinement {
  return {
    kind: 'namespace',
    base: folders.base,
    clients: ['daemon'],
    commandLine: (program, args) => [...masked, '/usr/bin/env', ...asAccount, join(native, 'bin', program), ...args],
    weakness: 'Postgres runs without a sandbox (bubblewrap is missing or not allowed here)',
  }
}

function otherUser(folders: PostgresFolders, native: string): Confinement {
  const reachable = copyOf(native, folders.base)
  chmodSync(join(folders.base, '..'), 0o711)
  giveTo(folders.base, accountId)
  return {
    kind: 'user',
    base: folders.base,
    clients: ['root', 'daemon'],
    commandLine: (program, args) => [
      ...masked,
      toolPath('setpriv'),
      `--reuid=${accountId}`,
      `--regid=${accountId}`,
      '--clear-groups',
      '--no-new-privs',
      '--',
      join(reachable, 'bin', program),
      ...args,
    ],
    weakness: `Postgres runs as the account daemon, without a sandbox (namespaces are not allowed here)`,
  }
}

function nameOfUser(): string | undefined {
  try {
    return userInfo().username
  } catch {
    return undefined
  }
}

function toolPath(name: string): string {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin', '/bin', '/usr/sbin', '/sbin']
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? `/usr/bin/${name}`
}

/** What was begun in one way may go on in another, so the files follow. */
function giveTo(path: string, uid: number): void {
  if (process.getuid?.() !== 0) return
  const info = lstatSync(path)
  if (info.uid === uid) return
  if (info.isDirectory()) for (const name of readdirSync(path)) giveTo(join(path, name), uid)
  lchownSync(path, uid, uid)
}
