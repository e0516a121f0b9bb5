import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { compileCache, quickImports } from '../checkout.ts'
import { childEnvironment } from '../child-environment.ts'
import type { DatabaseEnvironment } from '../platform-programs.ts'
import { Problem } from '../problem.ts'
import type { Prepared } from './prepare.ts'

const script = fileURLToPath(new URL('./prepare.ts', import.meta.url))

/** @throws Problem when the database cannot be reached, used or migrated. */
export function prepareDatabase(database: DatabaseEnvironment, home: string): Promise<{ hasPeople: boolean }> {
  return run({ ...database, M3O_HOME: home }, [])
}

/** Made where that is ours to do, and no more: for a restore. @throws Problem when it cannot be reached or used. */
export async function prepareEmptyDatabase(database: DatabaseEnvironment): Promise<void> {
  await run({ ...database }, ['empty'])
}

async function run(given: Record<string, string>, args: string[]): Promise<{ hasPeople: boolean }> {
  const environment = childEnvironment({
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    NODE_COMPILE_CACHE: compileCache,
    ...given,
  })
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...quickImports, '--disable-warning=ExperimentalWarning', script, ...args],
    { env: environment, maxBuffer: 1 << 20 },
  )
  const prepared = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as Prepared
  if (prepared.problem !== undefined) throw new Problem(prepared.problem)
  return { hasPeople: prepared.hasPeople === true }
}
