import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { PlatformError } from '#contract/errors.ts'
import { asNumber, asText } from './address.ts'
import { spawn } from './spawn.ts'

/** Who has which user id and addresses on this machine. Several installations share it, so it lies outside all of them. */
export interface Slot {
  slot: number
  uid: number
  team: string
  /** The host's end of the team's network, which earlier versions made; the instance's address was the next one. */
  gateway?: string
}

interface Entry extends Slot {
  installation: string
  home: string
}

interface BlockEntry {
  installation: string
  home: string
  /** The first address of {@link blockSize}. */
  network: string
}

const folder = '/var/lib/m3o-registry'
const teamsFile = `${folder}/teams.json`
const networksFile = `${folder}/networks.json`
/** User ids; in earlier versions also networks of four addresses in a /16. */
const slots = 16_384
/** Addresses that an installation is given at a time: a /22. */
export const blockSize = 1024
export const blockBits = 22

export interface Installation {
  installation: string
  home: string
}

/** The same answer for as long as the installation's home exists. */
export async function claimSlot(key: Installation & { team: string }): Promise<Slot> {
  return locked(() => {
    const all = read<Entry>(teamsFile)
    const mine = all.find((entry) => entry.installation === key.installation && entry.team === key.team)
    if (mine) return mine
    const kept = all.filter((entry) => existsSync(entry.home))
    const taken = new Set(kept.map((entry) => entry.slot))
    for (let slot = 0; slot < slots; slot++) {
      if (taken.has(slot)) continue
      const entry: Entry = {
        installation: key.installation,
        home: key.home,
        team: key.team,
        slot,
        uid: firstUid() + slot,
      }
      write(teamsFile, [...kept, entry])
      return entry
    }
    throw new PlatformError('unavailable', 'this machine has no user id left for another team')
  })
}

export async function slotsOf(installation: string): Promise<Slot[]> {
  return read<Entry>(teamsFile).filter((entry) => entry.installation === installation)
}

/** Another block of addresses. `isFree` says whether nothing on this machine uses any of it. */
export async function claimBlock(
  { installation, home }: Installation,
  isFree: (network: string, size: number) => boolean,
): Promise<string> {
  return locked(() => {
    // Those of installations that are gone too, until their addresses have been removed from the machine.
    const all = read<BlockEntry>(networksFile)
    const taken = new Set(all.map((entry) => entry.network))
    // Installations of earlier versions take networks of four from the other end, and keep them while they are stopped.
    const gateways = read<Entry>(teamsFile)
      .filter((entry) => existsSync(entry.home))
      .flatMap(({ gateway }) => (gateway === undefined ? [] : [asNumber(gateway)]))
    const candidates = networks.flatMap((network) =>
      Array.from({ length: 65_536 / blockSize }, (_, index) =>
        asText(asNumber(network) + 65_536 - (index + 1) * blockSize),
      ),
    )
    const isUnused = (network: string) =>
      !taken.has(network) &&
      !gateways.some((gateway) => gateway >= asNumber(network) && gateway < asNumber(network) + blockSize)
    const found = candidates.find((network) => isUnused(network) && isFree(network, blockSize))
    if (found === undefined)
      throw new PlatformError('unavailable', 'this machine has no free block of private addresses', {
        fix: 'Delete the homes of installations that are no longer used.',
      })
    write(networksFile, [...all, { installation, home, network: found }])
    return found
  })
}

/** In the order in which they were claimed. */
export async function blocksOf(installation: string): Promise<string[]> {
  return read<BlockEntry>(networksFile)
    .filter((entry) => entry.installation === installation)
    .map(({ network }) => network)
}

/** Installations whose home has been deleted: what they had is given to others. */
export async function goneInstallations(): Promise<string[]> {
  const entries = [...read<Entry>(teamsFile), ...read<BlockEntry>(networksFile)]
  return [...new Set(entries.filter((entry) => !existsSync(entry.home)).map((entry) => entry.installation))]
}

/** Once they have been removed from the machine. */
export async function releaseBlocks(installation: string): Promise<void> {
  await locked(() =>
    write(
      networksFile,
      read<BlockEntry>(networksFile).filter((entry) => entry.installation !== installation),
    ),
  )
}

/** For an installation that is gone for good: what it left on disk belongs to nobody afterwards. */
export async function releaseSlots(installation: string): Promise<void> {
  await locked(() => {
    for (const file of [teamsFile, networksFile])
      write(
        file,
        read<Installation>(file).filter((entry) => entry.installation !== installation),
      )
  })
}

/** Ranges for private use that routers, VPNs and Docker seldom take; each is used only where it collides with nothing. */
const networks = ['10.213.0.0', '10.97.0.0', '172.29.0.0', '198.18.0.0', '100.97.0.0']

/** Where systemd's list of user ids has nothing (uids and gids, systemd.io/UIDS-GIDS); lower in a user namespace. */
function firstUid(): number {
  const preferred = 1_900_000_000
  const map = readFileSync('/proc/self/uid_map', 'utf8').trim().split(/\s+/).map(Number)
  const count = map[2] ?? 0
  return count > preferred + slots ? preferred : 20_000
}

function read<T>(file: string): T[] {
  if (!existsSync(file)) return []
  return JSON.parse(readFileSync(file, 'utf8')) as T[]
}

function write(file: string, entries: readonly object[]): void {
  writeFileSync(`${file}.new`, JSON.stringify(entries), { mode: 0o600, flush: true })
  renameSync(`${file}.new`, file)
}

/** flock(1) holds the lock for as long as its child reads our pipe, so the kernel frees it however we die. */
async function locked<T>(work: () => T): Promise<T> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const holder = spawn('flock', [`${folder}/lock`, 'sh', '-c', 'echo held; exec cat'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const ended = once(holder, 'close')
  try {
    const [text] = (await Promise.race([once(holder.stdout, 'data'), ended])) as [unknown]
    if (!String(text).startsWith('held')) throw new Error('flock failed')
    return work()
  } finally {
    holder.stdin.end()
    await ended
  }
}
