import { execFileSync } from 'node:child_process'
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  truncateSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '../../stack/until.ts'

const run = (file: string, ...args: string[]) =>
  execFileSync(file, args, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' })

/** Linux's own way to try what a power loss leaves (EXT4_IOC_SHUTDOWN, fs/ext4/ext4.h): nothing in memory reaches the device any more. */
const shutDown = `import fcntl, os, struct, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587D, struct.pack('i', 2))`

/**
 * A file system of its own on a loop device. Mounted so that it keeps as little as a file system may: what was not synced
 * is not helped along by a rename (noauto_da_alloc), nor by a commit every five seconds.
 */
export class Disk implements AsyncDisposable {
  readonly path: string
  readonly #folder = mkdtempSync(join(tmpdir(), 'm3o-disk-'))
  readonly #image: string
  /** Also of who sees it elsewhere once it is gone from here; undefined while it is not mounted. */
  #device: string | undefined

  constructor({ sizeMiB }: { sizeMiB: number }) {
    this.#image = join(this.#folder, 'image')
    this.path = join(this.#folder, 'disk')
    mkdirSync(this.path)
    closeSync(openSync(this.#image, 'w'))
    truncateSync(this.#image, sizeMiB * 2 ** 20)
    this.format()
    this.mount()
  }

  format(): void {
    run('mkfs.ext4', '-q', '-F', this.#image)
  }

  /** Replays what its journal has, as after any boot. */
  mount(): void {
    run('mount', '-o', 'loop,noauto_da_alloc,commit=600', this.#image, this.path)
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .map((line) => /^\d+ \d+ (\d+:\d+) \S+ (\S+)/.exec(line))
    this.#device = mounts.find((found) => found?.[2] === this.path)?.[1]
  }

  /** From this instant on nothing is written any more: what was not synced is lost, and whoever writes is told of an error. */
  cutPower(): void {
    run('python3', '-c', shutDown, this.path)
  }

  /** Ends every process that still holds it, and lets go of it. */
  async unmount(): Promise<void> {
    await until(
      'the disk can be let go of',
      () => {
        for (const pid of this.#holders()) {
          try {
            process.kill(pid, 'SIGKILL')
          } catch {
            // gone already
          }
        }
        try {
          run('umount', this.path)
        } catch {
          // somebody holds it still, or it is gone from here and not from a sandbox
        }
        return run('losetup', '--associated', this.#image) === ''
      },
      {
        withinMs: 20_000,
        why: () =>
          this.#holders()
            .map((pid) => `${pid} ${commandOf(pid)}`)
            .join('\n'),
      },
    )
  }

  /** Those in a mount namespace of their own that holds it (sandboxes), or with a file of it open. */
  #holders(): number[] {
    const own = this.#device
    if (own === undefined) return []
    const ours = readlinkSync('/proc/self/ns/mnt')
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
      .map(Number)
      .filter((pid) => {
        try {
          if (readlinkSync(`/proc/${pid}/ns/mnt`) !== ours)
            return readFileSync(`/proc/${pid}/mountinfo`, 'utf8').includes(` ${own} `)
          const links = ['cwd', 'root', ...readdirSync(`/proc/${pid}/fd`).map((fd) => `fd/${fd}`)]
          return links.some((link) => readlinkSync(`/proc/${pid}/${link}`).startsWith(this.path))
        } catch {
          return false // it ended while it was looked at
        }
      })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.unmount().catch(() => run('umount', '--lazy', this.path))
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').slice(0, 120)
  } catch {
    return ''
  }
}
