import type { FSWatcher } from 'node:fs'
import { watch } from 'node:fs'
import { constants } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { outageOf } from '#contract/outage.ts'
import type { Exit, Placement } from '../engine.ts'
import type { Cgroups } from './cgroup.ts'
import { isAlive, signal } from './identity.ts'
import type { InstanceFolders, InstanceRecord } from './record.ts'
import { readStatus } from './record.ts'

interface PlacedOptions {
  record: InstanceRecord & Required<Pick<InstanceRecord, 'shim' | 'placement'>>
  folders: InstanceFolders
  cgroups: Cgroups | undefined
  onExit: (exit: Exit) => void
}

/** One running instance, ours or adopted: notices its end, and brings it about. */
export class Placed {
  readonly record: PlacedOptions['record']
  readonly ended: Promise<Exit>
  readonly #options: PlacedOptions
  readonly #watcher: FSWatcher | undefined
  #resolveEnded: (exit: Exit) => void = () => {}
  #finishing = false
  #patientUntil = 0

  constructor(options: PlacedOptions) {
    this.#options = options
    this.record = options.record
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve))
    this.#watcher = this.#watchStatus()
  }

  get placement(): Placement {
    return this.record.placement
  }

  /** Cheap; called on every hint that something changed, and now and then without one. */
  check(): void {
    if (this.#finishing) return
    const { exitCode } = readStatus(this.#folder)
    if (exitCode === undefined && isAlive(this.record.shim)) return
    this.#finishing = true
    this.#watcher?.close()
    void this.#finish()
  }

  async stop(graceMs: number): Promise<void> {
    const { init } = this.placement.identity
    this.#patientUntil = Math.max(this.#patientUntil, performance.now() + graceMs)
    if (!this.record.stopping) {
      this.record.stopping = true
      this.#note()
    }
    // To the whole group: a shell would keep it from its child, and the shim would lose the exit code.
    if (graceMs > 0) signal(init, 'SIGTERM', { group: true })
    await waitUntil(() => !isAlive(init), performance.now() + graceMs)
    this.#patientUntil = 0
    this.#kill()
    await waitUntil(() => (this.check(), this.#finishing), Infinity)
    await this.ended
  }

  /** Stops looking; the instance lives on. */
  letGo(): void {
    this.#finishing = true
    this.#watcher?.close()
  }

  /** A full disk keeps nobody from ending what fills it; its status file still has the exit code. */
  #note(): void {
    try {
      this.#options.folders.write(this.record)
    } catch (error) {
      if (outageOf(error) === undefined) throw error
    }
  }

  get #folder(): string {
    return this.#options.folders.path(this.record.id)
  }

  #watchStatus(): FSWatcher | undefined {
    try {
      const watcher = watch(`${this.#folder}/status`, { persistent: false }, () => this.check())
      return watcher.on('error', () => {})
    } catch {
      return undefined // out of inotify watches: the sweep finds it
    }
  }

  /** With init gone the kernel ends its whole namespace; without namespaces only the group is reached. */
  #kill(): void {
    const { init } = this.placement.identity
    signal(init, 'SIGKILL', { group: true })
    signal(init, 'SIGKILL')
  }

  /** What has run out comes back; an end that nobody hears of would not. */
  async #removeGroup(id: string): Promise<void> {
    for (;;) {
      try {
        return await this.#options.cgroups?.remove(id)
      } catch (error) {
        if (outageOf(error) === undefined) throw error
        await pause(200)
      }
    }
  }

  async #finish(): Promise<void> {
    const { folders, cgroups, onExit } = this.#options
    const { id, placement } = this.record
    // What it left in the background keeps init alive. While being stopped it has until the deadline, like the command.
    await waitUntil(() => !isAlive(placement.identity.init) || performance.now() >= this.#patientUntil, Infinity)
    this.#kill()
    await waitUntil(() => !isAlive(this.record.shim), performance.now() + 5000)
    // What a job has written is used: nothing of it may write any more, however long the kernel takes to end it.
    if (placement.job) await waitUntil(() => !isAlive(placement.identity.init), Infinity)
    const exit = exitOf(this.record, readStatus(this.#folder).exitCode, (cgroups?.oomKills(id) ?? 0) > 0)
    await this.#removeGroup(id)
    this.record.exit = exit
    if (folders.has(id)) this.#note()
    onExit(exit)
    this.#resolveEnded(exit)
  }
}

export function exitOf(record: InstanceRecord, exitCode: number | undefined, oom: boolean): Exit {
  const number = exitCode !== undefined && exitCode > 128 ? exitCode - 128 : 0
  const name = Object.entries(constants.signals).find(([, value]) => value === number)?.[0]
  return {
    id: record.id,
    exitCode: exitCode ?? null,
    signal: name ?? null,
    oom,
    stopped: record.stopping === true,
    at: Date.now(),
  }
}

/** @param deadline of `performance.now()`: the clock may be set meanwhile */
export async function waitUntil(holds: () => boolean, deadline: number, longest = 20): Promise<boolean> {
  for (let wait = 1; !holds(); wait = Math.min(wait * 1.5, longest)) {
    if (performance.now() >= deadline) return false
    await pause(Math.max(1, Math.min(wait, deadline - performance.now())))
  }
  return true
}
