import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { checkout } from './checkout.ts'
import { Problem } from './problem.ts'

/** What `npm start` does before it starts anything: packages, the console, compiled code, of the code that is there by now. */
export async function prepareCheckout(signal?: AbortSignal): Promise<void> {
  // Not on stdout, which is for what was asked for.
  const child = spawn(process.execPath, [join(checkout, 'bin/prepare.js'), 'start'], {
    cwd: checkout,
    stdio: ['ignore', 2, 2],
  })
  const end = () => child.kill()
  signal?.addEventListener('abort', end)
  const [code] = (await once(child, 'exit')) as [number | null]
  signal?.removeEventListener('abort', end)
  if (code !== 0) throw new Problem('preparing the release failed (see above)')
}
