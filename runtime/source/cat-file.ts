import { exitOf, killGit, spawnGit, type GitProcess } from './git.ts'
import type { ObjectType, Oid } from './objects.ts'

export interface ObjectInfo {
  type: ObjectType
  size: number
}
type Answer = (ObjectInfo & { body: Buffer | undefined }) | undefined
interface Asked {
  wantsBody: boolean
  resolve: (answer: Answer) => void
  reject: (error: Error) => void
}

/** One `git cat-file --batch-command` that stays: asking it costs a fraction of a millisecond, a new git several. */
class CatFile {
  readonly #child: GitProcess
  readonly #asked: Asked[] = []
  #chunks: Buffer[] = []
  #size = 0
  #header: ObjectInfo | undefined
  ended = false
  lastUsed = 0

  constructor(dir: string) {
    this.#child = spawnGit(dir, ['cat-file', '--batch-command'])
    this.#child.stdout.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk)
      this.#size += chunk.length
      this.#read()
    })
    this.#child.stderr.resume()
    const end = () => this.#end(new Error('git cat-file ended'))
    this.#child.once('error', end)
    this.#child.once('close', end)
    // Never a reason for the process to stay alive.
    this.#child.unref()
    for (const pipe of [this.#child.stdin, this.#child.stdout, this.#child.stderr])
      (pipe as unknown as { unref?: () => void }).unref?.()
  }

  get busy(): boolean {
    return this.#asked.length > 0
  }

  ask(oid: Oid, wantsBody: boolean): Promise<Answer> {
    this.lastUsed = performance.now()
    return new Promise((resolve, reject) => {
      if (this.ended) return reject(new Error('git cat-file ended'))
      if (this.#asked.length === 0) this.#hold(true)
      this.#asked.push({ wantsBody, resolve, reject })
      this.#child.stdin.write(`${wantsBody ? 'contents' : 'info'} ${oid}\n`)
    })
  }

  async close(): Promise<void> {
    const gone = this.ended
      ? Promise.resolve()
      : exitOf(this.#child).then(
          () => {},
          () => {},
        )
    killGit(this.#child)
    await gone
  }

  #hold(hold: boolean) {
    const pipe = this.#child.stdout as unknown as { ref?: () => void; unref?: () => void }
    if (hold) pipe.ref?.()
    else pipe.unref?.()
  }

  #read() {
    for (let asked = this.#asked[0]; asked !== undefined; asked = this.#asked[0]) {
      if (this.#header === undefined) {
        const head = this.#chunks.length > 1 ? Buffer.concat(this.#chunks) : this.#chunks[0]
        if (head === undefined) return
        this.#chunks = [head]
        const newline = head.indexOf(0x0a)
        if (newline < 0) return
        this.#chunks = [head.subarray(newline + 1)]
        this.#size = head.length - newline - 1
        const [, type, size] = head.toString('latin1', 0, newline).split(' ')
        if (size === undefined) {
          this.#answer(undefined)
          continue
        }
        this.#header = { type: type as ObjectType, size: Number(size) }
        if (!asked.wantsBody) {
          this.#answer({ ...this.#header, body: undefined })
          continue
        }
      }
      const { size } = this.#header
      if (this.#size < size + 1) return
      const all = Buffer.concat(this.#chunks)
      this.#chunks = [all.subarray(size + 1)]
      this.#size = all.length - size - 1
      this.#answer({ ...this.#header, body: all.subarray(0, size) })
    }
  }

  #answer(answer: Answer) {
    this.#header = undefined
    this.#asked.shift()?.resolve(answer)
    if (this.#asked.length === 0) this.#hold(false)
  }

  #end(error: Error) {
    this.ended = true
    for (const asked of this.#asked.splice(0)) asked.reject(error)
  }
}

const maxProcesses = 8
const idleMs = 30_000
const open = new Map<string, CatFile>()
let sweeper: NodeJS.Timeout | undefined

/** Asks the repository's process, starting it when needed; undefined when there is no such object. */
export async function askCatFile(dir: string, oid: Oid, wantsBody: boolean): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await catFileOf(dir).ask(oid, wantsBody)
    } catch (error) {
      if (attempt === 3) throw error
    }
  }
}

/** Ends the processes of one repository, or all of them. */
export async function closeCatFiles(dir?: string): Promise<void> {
  const closing = [...open].filter(([key]) => dir === undefined || key === dir)
  for (const [key] of closing) open.delete(key)
  await Promise.all(closing.map(([, process]) => process.close()))
}

function catFileOf(dir: string): CatFile {
  const found = open.get(dir)
  if (found !== undefined && !found.ended) return found
  for (const [key, process] of [...open].sort(([, a], [, b]) => a.lastUsed - b.lastUsed)) {
    if (open.size < maxProcesses) break
    if (!process.busy) {
      open.delete(key)
      void process.close()
    }
  }
  const fresh = new CatFile(dir)
  open.set(dir, fresh)
  sweeper ??= setInterval(sweep, idleMs).unref()
  return fresh
}

function sweep() {
  for (const [key, process] of open) {
    if (process.busy || performance.now() - process.lastUsed < idleMs) continue
    open.delete(key)
    void process.close()
  }
  if (open.size > 0) return
  clearInterval(sweeper)
  sweeper = undefined
}
