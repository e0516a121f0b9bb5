import { opendirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Placement, PortOwner } from '../engine.ts'
import { processesOf } from './cgroup.ts'

/** What a service opens is its own affair; of more than this nothing is looked at, and it is taken for another's. */
const mostDescriptors = 2_048
const mostProcesses = 512

/** Of the sockets that listen (state 0A of `/proc/PID/net/tcp{,6}`, proc(5)), those whose inode is a descriptor of the instance are its own. */
export async function portOwner(placement: Placement, port: number): Promise<PortOwner> {
  const sockets = (await listening(placement)).filter(
    (socket) => socket.port === port && canAnswer(socket.address, placement.address),
  )
  if (sockets.length === 0) return 'nobody'
  const missing = new Set(sockets.map(({ inode }) => inode))
  await lookThrough(placement, (inode) => (missing.delete(inode), missing.size === 0))
  return missing.size === 0 ? 'own' : 'other'
}

export async function portsOf(placement: Placement): Promise<number[]> {
  const sockets = new Map((await listening(placement)).map(({ inode, port }) => [inode, port]))
  const ports = new Set<number>()
  await lookThrough(placement, (inode) => {
    const port = sockets.get(inode)
    if (port !== undefined) ports.add(port)
    return false
  })
  return [...ports]
}

interface Listening {
  address: string
  port: number
  inode: string
}

async function listening({ identity: { payload, init } }: Placement): Promise<Listening[]> {
  const found: Listening[] = []
  for (const file of ['tcp', 'tcp6']) {
    const text = await readFile(`/proc/${payload.pid}/net/${file}`, 'latin1')
      .catch(() => readFile(`/proc/${init.pid}/net/${file}`, 'latin1'))
      .catch(() => '')
    for (const match of text.matchAll(/: ([0-9A-F]+):([0-9A-F]{4}) [0-9A-F]+:0000 0A (?:\S+ +){5}(\d+)/g)) {
      found.push({ address: match[1] ?? '', port: Number.parseInt(match[2] ?? '', 16), inode: match[3] ?? '' })
    }
  }
  return found
}

/** Addresses stand there in the machine's order of bytes, IPv6 as four words. */
function canAnswer(listens: string, address: string): boolean {
  const own = address
    .split('.')
    .reverse()
    .map((part) => Number(part).toString(16).toUpperCase().padStart(2, '0'))
    .join('')
  return /^0+$/.test(listens) || listens === own || listens === `0000000000000000FFFF0000${own}`
}

/** All sockets of the instance's processes, its first one's before the others', until `isEnough`. */
async function lookThrough(placement: Placement, isEnough: (inode: string) => boolean): Promise<void> {
  const { payload } = placement.identity
  let looked = 0
  for (const pid of new Set([payload.pid, ...family(placement)])) {
    if (++looked > mostProcesses) return
    if (looked % 4 === 0) await nextTurn()
    if (someSocket(pid, isEnough)) return
  }
}

function someSocket(pid: number, isEnough: (inode: string) => boolean): boolean {
  try {
    using folder = opendirSync(`/proc/${pid}/fd`, { bufferSize: 64 })
    for (let count = 0; count < mostDescriptors; count++) {
      const entry = folder.readSync()
      if (entry === null) return false
      const inode = socketOf(`/proc/${pid}/fd/${entry.name}`)
      if (inode !== undefined && isEnough(inode)) return true
    }
  } catch {
    // It has ended.
  }
  return false
}

function socketOf(path: string): string | undefined {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(path))?.[1]
  } catch {
    return undefined // closed meanwhile
  }
}

/** A terminal beside it is in a group of its own, and none of them. */
function family({ identity: { cgroups, init } }: Placement): number[] {
  const group = cgroups.find((folder) => folder.includes('/pids/')) ?? cgroups[0]
  return group === undefined ? [init.pid, ...descendantsOf(init.pid)] : processesOf(group)
}

function descendantsOf(pid: number, found: number[] = []): number[] {
  try {
    for (const task of readdirSync(`/proc/${pid}/task`)) {
      for (const child of readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1')
        .split(' ')
        .filter(Boolean)
        .map(Number)) {
        if (found.length >= mostProcesses) return found
        found.push(child)
        descendantsOf(child, found)
      }
    }
  } catch {
    // It has ended.
  }
  return found
}
