import { watch, type FSWatcher } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { Tail } from './tail.ts'

/** The kernel tells of every write; this is for what it may drop when its queue is full, and for folders made late. */
const sweepMs = 30_000
const unwatchedMs = 500

interface Watched {
  tails: ReadonlyMap<string, Tail>
  watchers: FSWatcher[]
  complete: boolean
}

/** Wakes the tails of each instance when their files change. */
export class Watches {
  private readonly byInstance = new Map<string, Watched>()
  private readonly warn: (message: string, details: Record<string, unknown>) => void
  private warned = false
  private readonly timers: NodeJS.Timeout[]

  constructor(warn: (message: string, details: Record<string, unknown>) => void) {
    this.warn = warn
    this.timers = [setInterval(() => this.sweep(true), sweepMs), setInterval(() => this.sweep(false), unwatchedMs)]
    for (const timer of this.timers) timer.unref()
  }

  add(instanceId: string, tails: ReadonlyMap<string, Tail>): void {
    const watched: Watched = { tails, watchers: [], complete: false }
    this.byInstance.set(instanceId, watched)
    this.watch(watched)
    // Also what was written before anyone watched.
    for (const tail of tails.values()) tail.wake()
  }

  remove(instanceId: string): void {
    for (const watcher of this.byInstance.get(instanceId)?.watchers ?? []) watcher.close()
    this.byInstance.delete(instanceId)
  }

  close(): void {
    for (const timer of this.timers) clearInterval(timer)
    for (const instanceId of [...this.byInstance.keys()]) this.remove(instanceId)
  }

  private watch(watched: Watched): void {
    const paths = [...watched.tails.keys()]
    try {
      for (const dir of new Set(paths.map(dirname))) {
        const here = new Map(
          paths.filter((path) => dirname(path) === dir).map((path) => [basename(path), watched.tails.get(path)]),
        )
        const watcher = watch(dir, { persistent: false }, (_event, name) => {
          if (name === null) for (const tail of here.values()) tail?.wake()
          else here.get(name)?.wake()
        })
        watcher.on('error', () => {
          watched.complete = false
          watcher.close()
        })
        watched.watchers.push(watcher)
      }
      watched.complete = true
    } catch (error) {
      for (const watcher of watched.watchers.splice(0)) watcher.close()
      // ENOSPC: no inotify watches left. The sweep does it, later.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT' || this.warned) return
      this.warned = true
      this.warn('output cannot be watched and is looked at twice a second', { error: String(error) })
    }
  }

  private sweep(all: boolean): void {
    for (const watched of this.byInstance.values()) {
      if (watched.complete && !all) continue
      if (!watched.complete) this.watch(watched)
      for (const tail of watched.tails.values()) tail.look()
    }
  }
}
