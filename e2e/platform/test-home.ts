import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { checkout } from '#cli/server/checkout.ts'
import { type Home, prepareHome } from '#cli/server/home.ts'
import { buildPlatformDir } from '#sdk/platform/platform-folder.ts'

/** Named by its content, so that it is made again after a change. */
let platformFolder: Promise<string> | undefined

/** A new home. What every sandbox has at /m3o is copied into it: bundling it takes a second of each runtime's first start. */
export async function testHome(path: string): Promise<Home> {
  const home = prepareHome(path)
  platformFolder ??= buildPlatformDir(join(checkout, 'node_modules/.cache/m3o/platform'))
  const made = await platformFolder
  await cp(made, join(home.path, 'cache/platform', made.slice(made.lastIndexOf('/') + 1)), {
    recursive: true,
    preserveTimestamps: true,
  })
  return home
}
