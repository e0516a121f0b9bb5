import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import type { Exit, Placement, ProcessIdentity } from '../engine.ts'

/** What is known of an instance on disk, so that a runtime killed at any instant finds it again. Holds no environment. */
export interface InstanceRecord {
  id: string
  teamId: string
  /** Of the shim: bwrap itself, or a shell where there is no bwrap. Absent while starting. */
  shim?: ProcessIdentity
  placement?: Placement
  bootId: string
  uid: number
  gid: number
  namespace?: string
  /** `stop` has been asked for. */
  stopping?: boolean
  exit?: Exit
}

export class InstanceFolders {
  readonly #home: string

  constructor(home: string) {
    this.#home = `${home}/instances`
    mkdirSync(this.#home, { recursive: true, mode: 0o700 })
  }

  path(id: string): string {
    return `${this.#home}/${id}`
  }

  ids(): string[] {
    return readdirSync(this.#home).filter((name) => !name.startsWith('.'))
  }

  has(id: string): boolean {
    return existsSync(this.path(id))
  }

  /**
   * Whole or not at all. Not synced: after a power failure no instance is left that this could describe, and what a
   * killed process wrote is not lost.
   */
  write(record: InstanceRecord): void {
    const file = `${this.path(record.id)}/instance.json`
    writeFileSync(`${file}.new`, JSON.stringify(record), { mode: 0o600 })
    renameSync(`${file}.new`, file)
  }

  read(id: string): InstanceRecord | undefined {
    try {
      return JSON.parse(readFileSync(`${this.path(id)}/instance.json`, 'utf8')) as InstanceRecord
    } catch {
      return undefined // killed before the first write
    }
  }

  /** Only once nothing runs in it. */
  async remove(id: string): Promise<void> {
    await rm(this.path(id), { recursive: true, force: true, maxRetries: 3 })
  }
}

export interface ShimStatus {
  initPid: number | undefined
  exitCode: number | undefined
}

/** bwrap's --json-status-fd: one JSON object a line; a line may be half written when we look. */
export function readStatus(folder: string): ShimStatus {
  const status: ShimStatus = { initPid: undefined, exitCode: undefined }
  let text = ''
  try {
    text = readFileSync(`${folder}/status`, 'utf8')
  } catch {
    return status
  }
  const initPid = /"child-pid": (\d+)/.exec(text)?.[1]
  const exitCode = /"exit-code": (\d+)/.exec(text)?.[1]
  if (initPid) status.initPid = Number(initPid)
  if (exitCode) status.exitCode = Number(exitCode)
  return status
}
