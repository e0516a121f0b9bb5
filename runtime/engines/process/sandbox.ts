import { accessSync, constants, existsSync, lstatSync, readdirSync, readlinkSync } from 'node:fs'
import type { Bind, InstanceSpec } from '../engine.ts'
import { buildDirOf } from './held.ts'

export interface SandboxOptions {
  spec: InstanceSpec
  /** The instance's own folder: app, home, tmp, hosts. */
  folder: string
  /** The team's: passwd, group, resolv.conf. */
  teamFolder: string
  uid: number
  gid: number
  root: boolean
  nodeBinary: string
  npmFolder: string
  cgroupBinds: { host: string; inside: string }[]
  /** Folders that must not be seen even if they lie below one that is: the checkout, the platform's home. */
  hidden: string[]
  seccompFd: number | undefined
  statusFd: number
}

export const sandboxPath = '/m3o/bin:/usr/bin:/bin'
export const sandboxHome = '/var/home'

/** What of the machine's /etc a program may need to find libraries, certificates, names and the time. */
const systemFiles = [
  'ssl',
  'ca-certificates',
  'pki',
  'alternatives',
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'localtime',
  'nsswitch.conf',
  'host.conf',
  'protocols',
  'services',
  'mime.types',
  'inputrc',
  'terminfo',
  'bash.bashrc',
  'python3',
  'java-17-openjdk',
  'gai.conf',
]

/** bwrap(1), given through a descriptor: otherwise the machine's paths stand in the process list of the sandbox. */
export function sandboxArguments(options: SandboxOptions): string[] {
  const { spec, folder, teamFolder } = options
  const args = [
    '--unshare-pid',
    '--unshare-ipc',
    '--unshare-uts',
    '--unshare-cgroup-try',
    '--hostname',
    hostname(spec.name),
    '--new-session',
  ]
  if (options.root) {
    args.push('--cap-drop', 'ALL')
    // For setpriv to leave root with, inside; the sources may lie where only root can read.
    for (const capability of ['SETUID', 'SETGID', 'SETPCAP', 'DAC_READ_SEARCH'])
      args.push('--cap-add', `CAP_${capability}`)
  } else {
    args.push('--unshare-user', '--uid', String(options.uid), '--gid', String(options.gid), '--cap-drop', 'ALL')
  }

  // Each parent by itself: those that a mount would imply can be entered by root only.
  for (const each of [
    '/etc',
    '/var',
    '/var/lib',
    '/run',
    '/sys',
    '/sys/fs',
    '/sys/fs/cgroup',
    '/m3o',
    '/m3o/bin',
    '/m3o/lib',
  ])
    args.push('--dir', each)
  args.push(...system(), ...systemFiles.flatMap((name) => ['--ro-bind-try', `/etc/${name}`, `/etc/${name}`]))
  for (const name of ['passwd', 'group', 'resolv.conf']) args.push('--ro-bind', `${teamFolder}/${name}`, `/etc/${name}`)
  args.push('--ro-bind', `${folder}/hosts`, '/etc/hosts')
  args.push('--proc', '/proc', ...(options.root ? ['--dev', '/dev'] : devices()))
  args.push(
    '--perms',
    '1777',
    '--size',
    '67108864',
    '--tmpfs',
    '/dev/shm',
    ...(options.root ? ['--remount-ro', '/dev'] : []),
  )
  for (const { host, inside } of options.cgroupBinds) args.push('--dir', inside, '--ro-bind', host, inside)

  args.push('--ro-bind', options.nodeBinary, '/m3o/bin/node', '--ro-bind', options.npmFolder, '/m3o/lib/npm')
  args.push(
    '--symlink',
    '../lib/npm/bin/npm-cli.js',
    '/m3o/bin/npm',
    '--symlink',
    '../lib/npm/bin/npx-cli.js',
    '/m3o/bin/npx',
  )
  for (const name of spec.platformDir ? readdirSync(spec.platformDir) : []) {
    if (name !== 'bin' && name !== 'lib') args.push('--ro-bind', `${spec.platformDir}/${name}`, `/m3o/${name}`)
  }
  const buildDir = buildDirOf(spec, folder)
  if (buildDir) args.push('--ro-bind', buildDir, '/m3o/build')
  args.push(
    '--bind',
    `${folder}/app`,
    '/app',
    '--bind',
    `${folder}/home`,
    sandboxHome,
    '--bind',
    `${folder}/tmp`,
    '/tmp',
    '--symlink',
    '/tmp',
    '/var/tmp',
  )
  if (spec.modulesDir) args.push('--ro-bind', spec.modulesDir, '/app/node_modules')
  if (spec.dataDir) args.push('--bind', spec.dataDir, '/data')
  for (const bind of spec.binds ?? []) args.push(...bound(bind))
  for (const each of options.hidden) if (/^\/(usr|etc\/ssl)\//.test(each)) args.push('--tmpfs', each)

  args.push('--remount-ro', '/', '--chdir', '/app', '--json-status-fd', String(options.statusFd))
  if (options.seccompFd !== undefined) args.push('--seccomp', String(options.seccompFd))
  return args
}

function bound({ host, inside, writable }: Bind): string[] {
  const parents = inside
    .split('/')
    .slice(1, -1)
    .map((_, index, parts) => `/${parts.slice(0, index + 1).join('/')}`)
  const missing = parents.filter((parent) => !/^\/(app|data|tmp|var\/home|usr)(\/|$)/.test(parent))
  return [...missing.flatMap((parent) => ['--dir', parent]), writable ? '--bind' : '--ro-bind', host, inside]
}

const devicesForAll = new Set([
  'null',
  'zero',
  'full',
  'random',
  'urandom',
  'tty',
  'ptmx',
  'pts',
  'shm',
  'fd',
  'stdin',
  'stdout',
  'stderr',
])

/**
 * Not as root, `--dev` costs a second user namespace around everything, and no terminal could enter the first. So it is
 * the machine's /dev (ptmx works only beside its pts), with what its user may open beyond the usual covered.
 */
function devices(): string[] {
  const covered = readdirSync('/dev', { withFileTypes: true }).filter((entry) => !devicesForAll.has(entry.name))
  return covered.reduce(
    (args, entry) => {
      const path = `/dev/${entry.name}`
      if (entry.isDirectory()) return [...args, '--tmpfs', path]
      return entry.isSymbolicLink() || !isOpen(path) ? args : [...args, '--dev-bind', '/dev/null', path]
    },
    ['--dev-bind', '/dev', '/dev'],
  )
}

function isOpen(path: string): boolean {
  for (const mode of [constants.R_OK, constants.W_OK]) {
    try {
      accessSync(path, mode)
      return true
    } catch {
      // not in this way
    }
  }
  return false
}

/** /usr, and /bin, /lib … as the machine has them: links into /usr, or on older systems folders. */
function system(): string[] {
  const args = ['--ro-bind', '/usr', '/usr']
  for (const name of ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32']) {
    const path = `/${name}`
    if (!existsSync(path)) continue
    if (lstatSync(path).isSymbolicLink()) args.push('--symlink', readlinkSync(path), path)
    else args.push('--ro-bind', path, path)
  }
  return args
}

export const hostname = (name: string) =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .slice(0, 63) || 'instance'
