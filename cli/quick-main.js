import { enableCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'

/*
 * The command with its compiled code kept beside the packages, where the platform's own is: half of the time that a
 * command takes would go into compiling it. Imports at the top of a module would be compiled before the cache is there.
 */
enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/m3o/compiled', import.meta.url)))
await import('./main.ts')
