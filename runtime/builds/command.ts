import type { Resolved } from '#contract/convention.ts'
import type { Build } from './build.ts'

const preload = '--import=/m3o/preload.mjs'

/**
 * How an instance is started, in the sandbox's paths. Node gets the platform's preload, also in a program that the
 * service's own command line starts.
 */
export function commandOf({ start, runtime }: Resolved, hasModules: boolean): Pick<Build, 'command' | 'env' | 'entry' | 'heldCommand'> {
  const path = `${hasModules ? '/app/node_modules/.bin:' : ''}/m3o/bin:/usr/local/bin:/usr/bin:/bin`
  const node = { M3O_BUILD: '/m3o/build', NODE_ENV: 'production', NODE_USE_SYSTEM_CA: '1' }
  if (start.kind === 'entry') {
    const { entry } = start
    return { command: ['node', preload, `/app/${entry}`], entry, heldCommand: ['node', `${preload}?held`, `/app/${entry}`], env: { PATH: path, ...node } }
  }
  const python: Record<string, string> = runtime === 'python' ? { PYTHONUNBUFFERED: '1', PYTHONPATH: '/m3o/carry:/m3o/python', PYTHONDONTWRITEBYTECODE: '1' } : {}
  const others: Record<string, string> = runtime === 'node' ? { ...node, NODE_OPTIONS: preload } : python
  const command = start.kind === 'shell' ? ['/bin/sh', '-c', start.line] : start.argv
  return { command, env: { PATH: path, ...others } }
}
