import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hashOf, stampIn } from './inputs.js'
import { checkout, Failure, lastOf, run, say } from './run.js'

/** All that a build of the console depends on. */
const inputs = [
  'app',
  'components',
  'client',
  'contract',
  'server',
  'styles',
  'public',
  'next.config.js',
  'postcss.config.mjs',
  'tsconfig.json',
  'package-lock.json',
]

/** Builds the console when its sources are not those of the build that is there. */
export async function buildConsole() {
  if (!existsSync(join(checkout, 'next.config.js'))) return
  const hash = hashOf(inputs)
  if (stampIn('.next/m3o-inputs') === hash) return
  say('Building the console …')
  // Built beside the one that is there, then renamed: a build that fails breaks nothing.
  const folder = `.next-${process.pid}`
  removeLeftovers()
  const node = join(checkout, 'node_modules/.bin/node')
  const env = { ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1', M3O_BUILD_FOLDER: folder }
  const { code, output, late } = await run(
    existsSync(node) ? node : process.execPath,
    ['node_modules/next/dist/bin/next', 'build'],
    { env, withinMs: 900_000 },
  )
  if (late) throw new Failure('the console build timed out after 15 min: the machine may be too busy, or out of memory')
  if (code !== 0) throw new Failure(`the console could not be built:\n${lastOf(output, 30)}`)
  writeFileSync(join(checkout, folder, 'm3o-inputs'), hash)
  const old = `${folder}.old`
  if (existsSync(join(checkout, '.next'))) renameSync(join(checkout, '.next'), join(checkout, old))
  renameSync(join(checkout, folder), join(checkout, '.next'))
  rmSync(join(checkout, old), { recursive: true, force: true })
}

function removeLeftovers() {
  for (const name of readdirSync(checkout)) {
    const [, pid] = /^\.next-(\d+)(\.old)?$/.exec(name) ?? []
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) rmSync(join(checkout, name), { recursive: true, force: true })
  }
}
