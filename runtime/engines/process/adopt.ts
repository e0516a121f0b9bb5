import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import type { Exit } from '../engine.ts'
import type { Cgroups } from './cgroup.ts'
import { bootId, isAlive, signal } from './identity.ts'
import { exitOf } from './placed.ts'
import type { InstanceFolders, InstanceRecord } from './record.ts'
import { readStatus } from './record.ts'

export interface Adopted {
  living: InstanceRecord[]
  /** Ended while no runtime lived. */
  ended: Exit[]
}

/** What an earlier runtime left: still running, ended since, or never fully started, which is then ended. */
export async function adopt(folders: InstanceFolders, cgroups: Cgroups | undefined): Promise<Adopted> {
  const living: InstanceRecord[] = []
  const ended: Exit[] = []
  for (const id of folders.ids()) {
    const record = folders.read(id)
    if (!record?.placement || !record.shim) {
      await endHalfStarted(id, folders, cgroups)
    } else if (record.exit) {
      ended.push(record.exit)
    } else if (record.bootId === bootId() && isAlive(record.shim)) {
      await cgroups?.endSessions(id)
      living.push(record)
    } else {
      ended.push(await bury(record, folders, cgroups))
    }
  }
  const known = new Set(living.map((record) => record.id))
  for (const name of cgroups?.names() ?? []) if (!known.has(name)) await cgroups?.remove(name)
  return { living, ended }
}

async function bury(record: InstanceRecord, folders: InstanceFolders, cgroups: Cgroups | undefined): Promise<Exit> {
  const sameBoot = record.bootId === bootId()
  if (sameBoot && record.placement) {
    const { init } = record.placement.identity
    signal(init, 'SIGKILL')
    for (let attempt = 0; isAlive(init) && attempt < 200; attempt++) await pause(10)
  }
  const { exitCode } = readStatus(folders.path(record.id))
  const exit = exitOf(record, exitCode, sameBoot && (cgroups?.oomKills(record.id) ?? 0) > 0)
  await cgroups?.remove(record.id)
  record.exit = exit
  folders.write(record)
  return exit
}

/** Whoever asked for it never got an answer, so nobody owns it. */
async function endHalfStarted(id: string, folders: InstanceFolders, cgroups: Cgroups | undefined): Promise<void> {
  await cgroups?.remove(id)
  const { initPid } = readStatus(folders.path(id))
  const record = folders.read(id)
  if (!cgroups && initPid !== undefined && record?.bootId === bootId() && isShim(initPid)) {
    process.kill(initPid, 'SIGKILL')
  }
  await folders.remove(id)
}

/** Without groups its pid is all we have, and that may be another's by now: it must still look like ours. */
function isShim(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('m3o_complete')
  } catch {
    return false
  }
}
