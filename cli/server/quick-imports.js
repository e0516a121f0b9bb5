import { registerHooks } from 'node:module'

/*
 * Preloaded into the platform's processes.
 *
 * For each of drizzle-orm's several hundred files Node asks the package what it is, and parses its 180 KB of package.json again to
 * learn it: 1.2 s of processor time at each start, against 0.26 s with the answer given here. All of its `.js` files are modules,
 * and relative names are files.
 *
 * zod loads its words in all languages, 4.5 MB in each process; ours are English, which it loads by itself.
 */
const eager = '/node_modules/drizzle-orm/'
const languages = /\/node_modules\/zod\/v4\/(classic|core)\/[a-z]+\.js$/

registerHooks({
  resolve(specifier, context, next) {
    const from = context.parentURL
    if (from === undefined || !specifier.startsWith('.') || !specifier.endsWith('.js')) return next(specifier, context)
    if (specifier === '../locales/index.js' && languages.test(from))
      return { url: new URL('./no-languages.js', import.meta.url).href, format: 'module', shortCircuit: true }
    if (!from.includes(eager)) return next(specifier, context)
    return { url: new URL(specifier, from).href, format: 'module', shortCircuit: true }
  },
})
