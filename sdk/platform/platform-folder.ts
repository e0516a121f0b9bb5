import { build, type BuildOptions, stop } from 'esbuild'
import { createHash } from 'node:crypto'
import { cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { renameDurably, syncTree } from '../compile/durable.ts'
import { withoutFacades } from '../compile/without-facades.ts'
import { declareSdk } from './editor-types.ts'

const sdk = dirname(import.meta.dirname)
const zod = dirname(createRequire(import.meta.url).resolve('zod/package.json'))

const shared = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node22',
  minify: true,
  keepNames: true,
  legalComments: 'none',
  logLevel: 'silent',
  plugins: [withoutFacades],
} satisfies BuildOptions

/**
 * Makes the folder that every sandbox has at /m3o, as `{into}/{hash of its content}`: the SDK, zod and the preload, each
 * bundled (zod's own files take 70 ms to load, its bundle 15), and `carry`, what Python loads first. One that is there already is used. Returns its path.
 */
export async function buildPlatformDir(into: string): Promise<string> {
  await mkdir(into, { recursive: true, mode: 0o755 })
  const source = await sourceHash()
  const target = join(into, source)
  const isComplete = async () => (await readFile(join(target, 'complete'), 'utf8').catch(() => '')) !== ''
  if (await isComplete()) return target
  const made = await mkdtemp(join(into, '.making-'))
  try {
    await buildPreload(made)
    await buildSdk(join(made, 'node_modules/@m3o/sdk'))
    await buildZod(join(made, 'node_modules/zod'))
    for (const name of await pythonFiles()) await cp(join(sdk, 'python', name), join(made, 'carry', name))
    await mkdir(join(made, 'build'))
    await openToAll(made)
    await writeFile(join(made, 'complete'), source)
    await syncTree(made)
    // Another process may have made it at the same time, and may be reading it by now: what is complete is never replaced.
    if (!(await isComplete())) {
      await rm(target, { recursive: true, force: true })
      await renameDurably(made, target)
    }
  } catch (error) {
    if (!(await isComplete())) throw error
  } finally {
    await rm(made, { recursive: true, force: true })
    await stop() // esbuild's process takes 45 MiB
  }
  return target
}

/** All that goes into it: our sources and the versions of what is bundled. */
async function sourceHash(): Promise<string> {
  const hash = createHash('sha256')
  for (const folder of [sdk, join(sdk, 'platform')]) {
    const names = (await readdir(folder)).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts')).sort()
    for (const name of names) hash.update(name).update(await readFile(join(folder, name)))
  }
  hash.update(await readFile(join(sdk, '../contract/rest.ts')))
  hash.update(await readFile(join(sdk, 'compile/without-facades.ts')))
  for (const name of await pythonFiles()) hash.update(name).update(await readFile(join(sdk, 'python', name)))
  const require = createRequire(import.meta.url)
  for (const name of ['zod', 'ws', 'esbuild']) hash.update(await readFile(require.resolve(`${name}/package.json`)))
  return hash.digest('hex').slice(0, 16)
}

const pythonFiles = async (): Promise<string[]> =>
  (await readdir(join(sdk, 'python'))).filter((name) => name.endsWith('.py')).sort()

async function buildPreload(made: string): Promise<void> {
  await build({ ...shared, entryPoints: [join(sdk, 'platform/preload.ts')], outfile: join(made, 'preload.mjs') })
}

async function buildSdk(made: string): Promise<void> {
  await build({
    ...shared,
    // What few services need (sockets, streams) is loaded by those alone.
    splitting: true,
    entryPoints: [join(sdk, 'index.ts')],
    outdir: made,
    external: ['zod'],
    // ws is CommonJS and asks for Node's modules by `require`.
    banner: {
      js: "import { createRequire as m3oRequire } from 'node:module'; const require = m3oRequire(import.meta.url);",
    },
  })
  await writeFile(
    join(made, 'package.json'),
    JSON.stringify({
      name: '@m3o/sdk',
      version: '1.0.0',
      type: 'module',
      exports: { '.': { types: './index.d.ts', default: './index.js' } },
    }),
  )
  for (const { name, content } of await declareSdk()) await writeFile(join(made, name), content)
}

/** The entries that people import; they share their pieces, so that a schema of one is known to the others. */
async function buildZod(made: string): Promise<void> {
  const entries = {
    index: 'index.js',
    'mini/index': 'mini/index.js',
    'v3/index': 'v3/index.js',
    'core/index': 'v4/core/index.js',
    'locales/index': 'v4/locales/index.js',
  }
  await build({
    ...shared,
    splitting: true,
    entryPoints: Object.entries(entries).map(([out, file]) => ({ in: join(zod, file), out })),
    outdir: made,
  })
  const exports = {
    '.': './index.js',
    './package.json': './package.json',
    './v4': './index.js',
    './mini': './mini/index.js',
    './v4-mini': './mini/index.js',
    './v4/mini': './mini/index.js',
    './v4/core': './core/index.js',
    './v3': './v3/index.js',
    './locales': './locales/index.js',
    './v4/locales': './locales/index.js',
  }
  const { version } = JSON.parse(await readFile(join(zod, 'package.json'), 'utf8')) as { version: string }
  await writeFile(join(made, 'package.json'), JSON.stringify({ name: 'zod', version, type: 'module', exports }))
  await cp(join(zod, 'LICENSE'), join(made, 'LICENSE'))
}

/** The sandbox's user is another one, whatever our umask. */
async function openToAll(folder: string): Promise<void> {
  const { chmod } = await import('node:fs/promises')
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    await chmod(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o755 : 0o644)
  }
}
