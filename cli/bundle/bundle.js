import { build, transform } from 'esbuild'
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { bundleFolder, checkout, newestBundle } from './newest-bundle.js'

/** What is plain JavaScript and loaded by most commands; all other packages are imported from where they are. */
const bundled =
  /^(zod|commander|picocolors|jsonc-parser|socket\.io-client|socket\.io-parser|engine\.io-client|engine\.io-parser|@socket\.io\/component-emitter|debug|ms|@trpc\/(client|server)|xmlhttprequest-ssl)(\/|$)/

/**
 * Makes one file of the command's 300 modules (and one of each part that few runs need), unless the one that is there was made of the same: resolving and reading each
 * by itself takes most of the time of a command that asks for little. Says what it was made of, by which newestBundle sees that it fits.
 */
export async function bundleCommand() {
  if (newestBundle()) return
  mkdirSync(bundleFolder, { recursive: true })
  const made = join(bundleFolder, `${process.pid}-${Date.now()}`)
  const { metafile } = await build({
    entryPoints: [join(checkout, 'cli/main.ts')],
    outdir: made,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    minify: true,
    keepNames: true,
    legalComments: 'none',
    mainFields: ['module', 'main'],
    logLevel: 'silent',
    metafile: true,
    absWorkingDir: checkout,
    banner: {
      js: "import { createRequire as m3oRequire } from 'node:module'; const require = m3oRequire(import.meta.url);",
    },
    plugins: [whereItWas, withoutFacades, ofOthers],
  })
  const inputs = Object.keys(metafile.inputs)
    .filter((path) => !path.startsWith('node_modules/') && !path.startsWith('builtin:'))
    .concat('package-lock.json', 'cli/bundle/bundle.js')
  const stamps = inputs.map((path) => {
    const { mtimeMs, size } = statSync(join(checkout, path))
    return [path, mtimeMs, size]
  })
  const stamp = join(bundleFolder, 'newest.json')
  const before = readStamp(stamp)
  writeFileSync(
    `${stamp}.${process.pid}`,
    JSON.stringify({ file: relative(checkout, join(made, 'main.mjs')), inputs: stamps }),
  )
  renameSync(`${stamp}.${process.pid}`, stamp)
  if (before) rmSync(dirname(join(checkout, before.file)), { recursive: true, force: true })
}

function readStamp(stamp) {
  try {
    return JSON.parse(readFileSync(stamp, 'utf8'))
  } catch {
    return undefined
  }
}

/** Modules find what is beside them as if they were not bundled. */
const whereItWas = {
  name: 'where it was',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      if (path.includes('/node_modules/')) return undefined
      const define = {
        'import.meta.url': JSON.stringify(pathToFileURL(path).href),
        'import.meta.dirname': JSON.stringify(dirname(path)),
        'import.meta.main': 'false',
      }
      return {
        contents: (await transform(readFileSync(path, 'utf8'), { loader: 'ts', target: 'node24', define })).code,
        loader: 'js',
      }
    })
  },
}

/** As sdk/compile/without-facades.ts, which says why. */
const withoutFacades = {
  name: 'without facades',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?(http|https|tls|crypto|fs)$/ }, ({ path, kind }) =>
      kind === 'require-call' ? undefined : { path, namespace: 'builtin' },
    )
    onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)})`,
      loader: 'js',
    }))
  },
}

const ofOthers = {
  name: 'of others',
  setup({ onResolve }) {
    onResolve({ filter: /^[^./#]/ }, ({ path, importer }) =>
      bundled.test(path) || importer.includes('/node_modules/') || path.startsWith('node:') || importer === ''
        ? undefined
        : { path, external: true },
    )
  },
}
