import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { PlatformError } from '#contract/errors.ts'
import { spawn } from './spawn.ts'

/**
 * Who has which user id and addresses on this machine. Several installations share it, so it lies outside all of them;
 * a slot gives a team its user id and its network of four addresses.
 */
export interface Slot {
  slot: number
  uid: number
  /** Of the host's end of the team's link; the instance's is the next one. */
  gateway: string
  team: string
}

interface Entry extends Slot {
  installation: string
  home: string
}

const folder = '/var/lib/m3o-registry'
const file = `${folder}/teams.json`
/** Networks of four addresses in a /16. */
const slots = 16_384

export interface TeamKey {
  installation: string
  home: string
  team: string
}

/** The same answer for as long as the installation's home exists. `isFree` says whether a network of four is unused here. */
export async function claimSlot(key: TeamKey, isFree: (gateway: string) => boolean): Promise<Slot> {
  return locked(() => {
    const all = read()
    const mine = all.find((entry) => entry.installation === key.installation && entry.team === key.team)
    if (mine) return mine
    const kept = all.filter((entry) => existsSync(entry.home))
    const taken = new Set(kept.map((entry) => entry.slot))
    for (let slot = 0; slot < slots; slot++) {
      if (taken.has(slot)) continue
      const gateway = networks.map((network) => addressIn(network, slot)).find(isFree)
      if (!gateway) continue
      const entry: Entry = { ...key, slot, uid: firstUid() + slot, gateway }
      write([...kept, entry])
      return entry
    }
    throw new PlatformError('unavailable', 'no user id or network is left for another team on this machine')
  })
}

export async function slotsOf(installation: string): Promise<Slot[]> {
  return read().filter((entry) => entry.installation === installation)
}

/** Installations whose home has been deleted: their slots are given to others. */
export async function goneInstallations(): Promise<string[]> {
  return [...new Set(read().filter((entry) => !existsSync(entry.home)).map((entry) => entry.installation))]
}

/** For an installation that is gone for good: what it left on disk belongs to nobody afterwards. */
export async function releaseSlots(installation: string): Promise<void> {
  await locked(() => write(read().filter((entry) => entry.installation !== installation)))
}

/** Ranges for private use that routers, VPNs and Docker seldom take; each is used only where it collides with nothing. */
const networks = ['10.213.0.0', '10.97.0.0', '172.29.0.0', '198.18.0.0', '100.97.0.0']

function addressIn(network: string, slot: number): string {
  const [a, b] = network.split('.')
  const offset = slot * 4 + 1
  return `${a}.${b}.${offset >> 8}.${offset & 255}`
}

/** Where systemd's list of user ids has nothing (uids and gids, systemd.io/UIDS-GIDS); lower in a user namespace. */
function firstUid(): number {
  const preferred = 1_900_000_000
  const map = readFileSync('/proc/self/uid_map', 'utf8').trim().split(/\s+/).map(Number)
  const count = map[2] ?? 0
  return count > preferred + slots ? preferred : 20_000
}

function read(): Entry[] {
  if (!existsSync(file)) return []
  return JSON.parse(readFileSync(file, 'utf8')) as Entry[]
}

function write(entries: Entry[]): void {
  writeFileSync(`${file}.new`, JSON.stringify(entries), { mode: 0o600, flush: true })
  renameSync(`${file}.new`, file)
}

/** flock(1) holds the lock for as long as its child reads our pipe, so the kernel frees it however we die. */
async function locked<T>(work: () => T): Promise<T> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const holder = spawn('flock', [`${folder}/lock`, 'sh', '-c', 'echo held; exec cat'], { stdio: ['pipe', 'pipe', 'ignore'] })
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
