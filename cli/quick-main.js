import { enableCompileCache } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { newestBundle } from './bundle/newest-bundle.js'

/*
 * The command in one file, where `npm start` has made it of these sources (bundle/bundle.js), with its compiled code kept beside the
 * packages, where the platform's own is: most of the time that a command takes would go into finding, reading and compiling
 * its modules. Imports at the top of a module would be compiled before the cache is there.
 */
enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/m3o/compiled', import.meta.url)))
const bundle = newestBundle()
await import(bundle === undefined ? './main.ts' : pathToFileURL(bundle).href)
