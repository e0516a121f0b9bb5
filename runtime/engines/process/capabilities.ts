import { existsSync } from 'node:fs'
import type { Isolation, TeamLimits } from '../engine.ts'
import type { Cgroups } from './cgroup.ts'
import { openCgroups } from './cgroup.ts'
import { resolvers } from './link.ts'
import { run } from './run.ts'
import { seccompProgram } from './seccomp.ts'

/** What this machine lets us do, found by doing it once. */
export interface Capabilities {
  root: boolean
  bwrap: boolean
  /** Network namespaces and nftables. */
  network: boolean
  cgroups: Cgroups | undefined
  has: (tool: string) => boolean
}

export type Without = ('bubblewrap' | 'control groups')[]

export async function findCapabilities(installation: string, without: Without = []): Promise<Capabilities> {
  const root = process.getuid?.() === 0
  const has = (tool: string) => searchPath.some((folder) => existsSync(`${folder}/${tool}`))
  const bwrap =
    !without.includes('bubblewrap') &&
    has('bwrap') &&
    has('nsenter') &&
    (!root || has('setpriv')) &&
    (await works('bwrap', root ? privileged : unprivileged))
  const network =
    root &&
    bwrap &&
    has('ip') &&
    has('nft') &&
    has('flock') &&
    (await works('nft', ['list', 'tables'])) &&
    (await works('unshare', ['--net', 'true']))
  return {
    root,
    bwrap,
    network,
    cgroups: root && !without.includes('control groups') ? openCgroups(installation) : undefined,
    has,
  }
}

const searchPath = ['/usr/bin', '/usr/sbin', '/bin', '/sbin', '/usr/local/bin', '/usr/local/sbin']
const privileged = [
  '--ro-bind',
  '/',
  '/',
  '--unshare-pid',
  '--unshare-ipc',
  '--unshare-uts',
  '--proc',
  '/proc',
  '--',
  'true',
]
const unprivileged = ['--unshare-user', ...privileged]

const works = async (command: string, args: string[]) => (await run(command, args, { mayFail: true })).code === 0

/** Tools, and the packages of Debian that bring them. */
const needed = new Map([
  ['bwrap', 'bubblewrap'],
  ['nft', 'nftables'],
  ['ip', 'iproute2'],
  ['setpriv', 'util-linux'],
])

export function describe({ root, bwrap, network, cgroups, has }: Capabilities, team: TeamLimits): Isolation {
  const warnings: string[] = []
  if (!root) warnings.push('M3O does not run as root, so all services run as its user and only one team is possible.')
  if (!bwrap) {
    warnings.push(
      'bubblewrap is missing or does not work here, so services are plain processes that can read every file that their user can read.',
    )
  }
  if (!network) {
    const lacks = ['ip', 'nft', 'flock'].filter((tool) => !has(tool))
    warnings.push(
      `There are no network namespaces for services${lacks.length > 0 ? ` (missing: ${lacks.join(', ')})` : ''}, so services share the network of this machine: they can reach everything that listens on it, and environments are not isolated from each other.`,
    )
  }
  if (!cgroups) {
    warnings.push(
      'There are no writable control groups, so memory and CPU time are not limited, and the number of processes is limited only by an rlimit.',
    )
  }
  if (network && resolvers().length === 0) {
    warnings.push('The DNS resolver of this machine listens only on loopback, so services cannot resolve names.')
  }
  if (bwrap && !root)
    warnings.push('Terminals of services run without a system call filter, which only root can set again.')
  if (bwrap && !seccompProgram()) {
    warnings.push(`System calls are not filtered, because their numbers on ${process.arch} are unknown.`)
  }
  return {
    team,
    missing: [...needed].filter(([tool]) => !has(tool)).map(([, name]) => name),
    sandbox: bwrap ? 'bubblewrap' : 'none',
    network: network ? 'site' : 'host',
    limits: cgroups ? `cgroup-${cgroups.version}` : 'rlimits',
    teamsApart: root && bwrap && network,
    warnings,
  }
}
