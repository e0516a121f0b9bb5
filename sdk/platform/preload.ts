/**
 * Loaded before every Node service (`node --import /m3o/preload.mjs`): TypeScript and forgiving imports, the context of
 * calls carried on, the service that the started module exports served, and memory given back that its start has left. It must
 * stay small: every start pays for it.
 */
import { realpathSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { isMainThread } from 'node:worker_threads'
import { restWhenQuiet } from '#contract/rest.ts'
import { carryContext } from './carry-context.ts'
import { isHeld, waitUntilReleased } from './held.ts'
import { loadTypeScript } from './load-typescript.ts'
import { serveExported } from './serve-exported.ts'

const platform = dirname(fileURLToPath(import.meta.url))

const app = realpathSync(process.cwd())
const { readIndex } = loadTypeScript({ platform, app })
carryContext()

const main = process.argv[1]
if (isHeld(import.meta.url)) await waitUntilReleased(app)
if (isMainThread && main !== undefined) serveExported(pathToFileURL(main).href)
readIndex()
if (isMainThread) restWhenQuiet()
