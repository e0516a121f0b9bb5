import { compileAhead } from './compile.js'
import { buildConsole } from './console.js'
import { installPackages } from './packages.js'
import { endChildrenWithUs, say } from './run.js'
import { installSystemPackages } from './system.js'

/** Without it the command works as well, and is slower. */
async function bundleCommand() {
  try {
    const bundle = await import('../../cli/bundle/bundle.js')
    await bundle.bundleCommand()
  } catch (error) {
    say(`The command is not bundled: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/**
 * Brings a checkout to where it can start (or be tested): npm packages, Debian's packages where we may install them, the
 * console's build. Each step does nothing when there is nothing to do. Plain JavaScript for Node 20, without packages.
 * @param {'start' | 'test'} goal
 */
export async function prepare(goal) {
  endChildrenWithUs()
  await Promise.all([installPackages(goal), installSystemPackages(goal)])
  await Promise.all([buildConsole(), bundleCommand(), compileAhead()])
}
