import type { ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, renameSync } from 'node:fs'
import type { Duplex } from 'node:stream'
import { PlatformError } from '#contract/errors.ts'
import type { InstanceSpec, Preload, Staged } from '../engine.ts'
import { copyTree, emptyFolder, type Owner } from './copy.ts'
import { heldFd } from './environment.ts'

const answerMs = 3_000
const listensMs = 60_000

/** A held instance gets its own copy of what was compiled, to be replaced when it is released. */
export const buildDirOf = (spec: InstanceSpec, folder: string): string | undefined =>
  spec.held ? `${folder}/build` : spec.buildDir

/** Our end of what a held instance waits on. It closes with the runtime, and the instance ends. */
export class Held {
  readonly #socket: Duplex
  /** What it would be released with. */
  staged: { sourceDir: string; folder: Promise<string> } | undefined
  /** It says `w` once it waits, `r` once it was released, and `l` when the service listens for the first time. */
  readonly #waits: Promise<void>
  readonly #released: Promise<void>
  readonly #listens: Promise<void>

  constructor(child: ChildProcess, preload: readonly Preload[]) {
    this.#socket = (child.stdio as unknown as Duplex[])[heldFd] as Duplex
    const [waits, released, listens] = [
      Promise.withResolvers<void>(),
      Promise.withResolvers<void>(),
      Promise.withResolvers<void>(),
    ]
    this.#waits = waits.promise
    this.#released = released.promise
    this.#listens = listens.promise
    for (const promise of [this.#waits, this.#released]) promise.catch(() => {})
    let said = ''
    this.#socket.on('data', (data: Buffer) => {
      said += data.toString('latin1', 0, 3)
      if (said.startsWith('w')) waits.resolve()
      if (said.startsWith('wr')) released.resolve()
      if (said.startsWith('wrl')) listens.resolve()
      // Once released, a service's own code may write here: after the third letter nobody listens to it.
      if (said.length >= 3) this.#socket.destroy()
    })
    this.#socket.once('close', () => {
      const error = new PlatformError('start_failed', 'the instance ended while it waited, or never came to wait')
      for (const { reject } of [waits, released]) reject(error)
    })
    this.#socket.on('error', () => {}) // seen as its end
    this.#socket.write(`${JSON.stringify({ preload })}\n`)
  }

  /** Resolves once its own code begins; `prepare` is done while it is known to wait. */
  async release(env: Record<string, string>, prepare: () => Promise<void>): Promise<{ listens: Promise<void> }> {
    const late = setTimeout(() => this.#socket.destroy(), answerMs)
    try {
      await this.#waits
      await prepare()
      this.#socket.write(`${JSON.stringify({ env })}\n`)
      await this.#released
    } catch (error) {
      this.#socket.destroy()
      throw error
    } finally {
      clearTimeout(late)
    }
    // One that never listens, or closes what it has inherited, is no longer waited for.
    setTimeout(() => this.#socket.destroy(), listensMs).unref()
    return { listens: this.#listens }
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
export function replaceSource(folder: string, staged: string): void {
  for (const part of parts) {
    const [now, next] = [`${folder}/${part}`, `${staged}/${part}`]
    for (const name of readdirSync(now))
      if (name !== 'node_modules') renameSync(`${now}/${name}`, `${staged}/old/${part}/${name}`)
    for (const name of readdirSync(next)) if (name !== 'node_modules') renameSync(`${next}/${name}`, `${now}/${name}`)
  }
}

const parts = ['app', 'build'] as const

/**
 * A copy of a source beside the one in an instance's folder, from where {@link replaceSource} moves it in. Gives its folder, which
 * is that of the one before where something was staged already.
 */
export async function stageSource(
  folder: string,
  { sourceDir, buildDir }: Staged,
  { owner, before }: { owner: Owner | undefined; before: Promise<string> | undefined },
): Promise<string> {
  const staged = (await before?.catch(() => undefined)) ?? makeStage(folder)
  await copyTree(sourceDir, `${staged}/app`, owner)
  if (buildDir) await copyTree(buildDir, `${staged}/build`, undefined)
  else emptyFolder(`${staged}/build`)
  return staged
}

function makeStage(folder: string): string {
  const staged = mkdtempSync(`${folder}/staged-`)
  for (const path of [...parts, 'old', ...parts.map((part) => `old/${part}`)])
    mkdirSync(`${staged}/${path}`, { mode: path === 'build' ? 0o755 : 0o700 })
  return staged
}
