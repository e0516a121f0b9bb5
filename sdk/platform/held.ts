import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { closeSync, readSync, writeSync } from 'node:fs'
import { createRequire, registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isMainThread } from 'node:worker_threads'
import { warmUp } from './warm-up.ts'

/** As runtime/engines/process/environment.ts gives it. */
const fd = 7
const mark = '?held'

/** Started ahead of time (`--import=/m3o/preload.mjs?held`): a fork of the service is not, although it inherits the option. */
export const isHeld = (preload: string): boolean => isMainThread && preload.endsWith(mark)

/**
 * Loads the packages that the service loads before its own first line, and waits. What comes then is the rest of its
 * environment, and the service goes on as if it had been started now. Ends it when nothing comes.
 */
export async function waitUntilReleased(app: string): Promise<void> {
  const { preload } = JSON.parse(readLine()) as { preload: { specifier: string; kind: 'import' | 'require' }[] }
  const load = await loaderIn(app)
  await loadPackages(load, preload)
  await warmUp(
    load.import,
    preload.map(({ specifier }) => specifier),
  )
  orEnd(() => writeSync(fd, 'w'))
  const { env } = JSON.parse(readLine()) as { env: Record<string, string> }
  Object.assign(process.env, env)
  process.execArgv = process.execArgv.map((argument) => argument.replace(mark, ''))
  orEnd(() => writeSync(fd, 'r'))
  sayWhenListening()
}

const listening = 'tracing:net.server.listen:asyncEnd'

/** Whoever released it need not ask again and again. */
function sayWhenListening(): void {
  const say = () => {
    unsubscribe(listening, say)
    try {
      writeSync(fd, 'l')
      closeSync(fd)
    } catch {
      // Nobody waits for it any more, or the service has closed it.
    }
  }
  subscribe(listening, say)
}

interface Loader {
  import: (specifier: string) => Promise<unknown>
  require: NodeJS.Require
}

/** As the service's own files would: resolved from where they lie. */
async function loaderIn(app: string): Promise<Loader> {
  const url = pathToFileURL(join(app, '.m3o-held.mjs')).href
  const hooks = registerHooks({
    resolve: (specifier, context, next) =>
      specifier === url ? { url, format: 'module', shortCircuit: true } : next(specifier, context),
    load: (asked, context, next) =>
      asked === url
        ? { format: 'module', source: 'export const load = (name) => import(name)', shortCircuit: true }
        : next(asked, context),
  })
  const { load } = (await import(url)) as { load: (name: string) => Promise<unknown> }
  hooks.deregister()
  return { import: load, require: createRequire(url) }
}

/** One that fails does so again, and is seen, when the service asks for it. */
async function loadPackages(
  load: Loader,
  preload: readonly { specifier: string; kind: 'import' | 'require' }[],
): Promise<void> {
  for (const { specifier, kind } of preload) {
    try {
      if (kind === 'import') await load.import(specifier)
      else load.require(specifier)
    } catch {
      return // what comes after it would be loaded in another order
    }
  }
}

/** A runtime that has disconnected has no use for it. */
function orEnd<T>(talk: () => T): T {
  try {
    return talk()
  } catch {
    process.exit(0)
  }
}

/** Blocks: until it is released nothing of the service runs. */
function readLine(): string {
  const parts: Buffer[] = []
  for (;;) {
    const part = Buffer.alloc(65_536)
    const length = orEnd(() => readSync(fd, part))
    if (length === 0) process.exit(0)
    parts.push(part.subarray(0, length))
    if (part[length - 1] === 10) return Buffer.concat(parts).toString()
  }
}
