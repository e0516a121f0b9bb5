import type { ChildProcess } from 'node:child_process'
import { mkdirSync, readdirSync, renameSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import type { Duplex } from 'node:stream'
import { PlatformError } from '#contract/errors.ts'
import type { InstanceSpec, Preload, Release } from '../engine.ts'
import { copyTree, type Owner } from './copy.ts'
import { heldFd } from './environment.ts'

const answerMs = 3_000

/** A held instance gets its own copy of what was compiled, to be replaced when it is released. */
export const buildDirOf = (spec: InstanceSpec, folder: string): string | undefined => (spec.held ? `${folder}/build` : spec.buildDir)

/** Our end of what a held instance waits on. It closes with the runtime, and the instance ends. */
export class Held {
  readonly #socket: Duplex
  /** It says `w` once it waits, and `r` once it was released. */
  readonly #waits: Promise<void>
  readonly #released: Promise<void>

  constructor(child: ChildProcess, preload: readonly Preload[]) {
    this.#socket = (child.stdio as unknown as Duplex[])[heldFd] as Duplex
    const [waits, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    this.#waits = waits.promise
    this.#released = released.promise
    for (const promise of [this.#waits, this.#released]) promise.catch(() => {})
    this.#socket.on('data', (data: Buffer) => {
      if (data.includes('w')) waits.resolve()
      if (data.includes('r')) released.resolve()
    })
    this.#socket.once('close', () => {
      const error = new PlatformError('start_failed', 'the instance ended while it waited, or never came to wait')
      for (const { reject } of [waits, released]) reject(error)
    })
    this.#socket.on('error', () => {}) // seen as its end
    this.#socket.write(`${JSON.stringify({ preload })}\n`)
  }

  /** Resolves once its own code begins; `prepare` is done while it is known to wait. */
  async release(env: Record<string, string>, prepare: () => Promise<void>): Promise<void> {
    const late = setTimeout(() => this.#socket.destroy(), answerMs)
    try {
      await this.#waits
      await prepare()
      this.#socket.write(`${JSON.stringify({ env })}\n`)
      await this.#released
    } finally {
      clearTimeout(late)
      this.#socket.destroy()
    }
  }

  /** It ends. */
  letGo(): void {
    this.#socket.destroy()
  }
}

/**
 * Puts another source in the place of the one in an instance's folder. Programs of the team run in there, so nothing in
 * `app` is opened or walked: what is there is moved aside whole, what comes is made elsewhere and moved in. The folder of
 * the dependencies is mounted over in the sandbox, and stays.
 */
export async function replaceSource(folder: string, { sourceDir, buildDir }: Release, owner: Owner | undefined): Promise<void> {
  const [fresh, old] = [`${folder}/fresh`, `${folder}/old`]
  for (const path of [fresh, old]) mkdirSync(path, { mode: 0o700 })
  await copyTree(sourceDir, fresh, owner)
  for (const name of readdirSync(`${folder}/app`)) if (name !== 'node_modules') renameSync(`${folder}/app/${name}`, `${old}/${name}`)
  for (const name of readdirSync(fresh)) if (name !== 'node_modules') renameSync(`${fresh}/${name}`, `${folder}/app/${name}`)
  const build = `${folder}/build`
  for (const name of readdirSync(build)) await rm(`${build}/${name}`, { recursive: true })
  if (!buildDir) return
  const made = `${folder}/built`
  mkdirSync(made, { mode: 0o755 })
  await copyTree(buildDir, made, undefined)
  for (const name of readdirSync(made)) await rename(`${made}/${name}`, `${build}/${name}`)
}
