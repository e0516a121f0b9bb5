import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { PlatformError } from '#contract/errors.ts'
import { makeFolders } from './make-folders.ts'

/** What is remembered of one platform, by its URL. */
export interface Remembered {
  token?: string
  email?: string
  team?: string
  environment?: string
}

interface Config {
  /** The platform that was chosen last. */
  url?: string
  platforms: Record<string, Remembered>
}

export const defaultUrl = 'http://127.0.0.1:4000'

/** The platform of this machine, before any login: on the port that `npm start` would take in the same shell. */
export const urlHere = ({ M3O_PORT }: NodeJS.ProcessEnv): string =>
  /^[1-9]\d{0,4}$/.test(M3O_PORT ?? '') ? `http://127.0.0.1:${M3O_PORT}` : defaultUrl

/** `$XDG_CONFIG_HOME/m3o/config.json`, which only its owner can read. */
export class ConfigFile {
  readonly #folder: string
  #config: Config

  constructor(env: NodeJS.ProcessEnv) {
    this.#folder = join(env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'm3o')
    this.#config = read(join(this.#folder, 'config.json'))
  }

  get url(): string | undefined {
    return this.#config.url
  }

  /** Of the platforms that one is logged in to. */
  get urls(): string[] {
    return Object.entries(this.#config.platforms).flatMap(([url, { token }]) => (token === undefined ? [] : [url]))
  }

  of(url: string): Remembered {
    return this.#config.platforms[url] ?? {}
  }

  remember(url: string, change: Remembered): void {
    this.#write((config) => (config.platforms[url] = { ...config.platforms[url], ...change }))
  }

  /** The same, and later commands act there. */
  choose(url: string, change: Remembered): void {
    this.#write((config) =>
      Object.assign(config, {
        url,
        platforms: { ...config.platforms, [url]: { ...config.platforms[url], ...change } },
      }),
    )
  }

  forget(url: string): void {
    this.#write((config) => delete config.platforms[url])
  }

  /** Of what the file holds now: another command may have written since this one has read. */
  #write(change: (config: Config) => unknown): void {
    const config = read(join(this.#folder, 'config.json'))
    change(config)
    this.#config = config
    try {
      this.#replace()
    } catch (cause) {
      const why = (cause as NodeJS.ErrnoException).code ?? String(cause)
      throw new PlatformError(
        'bad_request',
        `${this.#folder} cannot be written: ${why}`,
        { fix: 'Set XDG_CONFIG_HOME to a folder that you can write.' },
        { cause },
      )
    }
  }

  #replace(): void {
    makeFolders(this.#folder)
    const fresh = join(this.#folder, `.config.${process.pid}`)
    const file = openSync(fresh, 'w', 0o600)
    writeSync(file, `${JSON.stringify(this.#config, null, 2)}\n`)
    fsyncSync(file)
    closeSync(file)
    renameSync(fresh, join(this.#folder, 'config.json'))
  }
}

function read(path: string): Config {
  try {
    const config = JSON.parse(readFileSync(path, 'utf8')) as Partial<Config>
    return { ...config, platforms: config.platforms ?? {} }
  } catch {
    return { platforms: {} }
  }
}
