import type { Resolved } from '#contract/convention.ts'
import { startCommand } from '#sdk/compile/start-command.ts'
import type { Build } from './build.ts'

/** How an instance is started, in the sandbox's paths. */
export function commandOf(
  resolved: Resolved,
  hasModules: boolean,
): Pick<Build, 'command' | 'env' | 'entry' | 'heldCommand'> {
  const path = `${hasModules ? '/app/node_modules/.bin:' : ''}/m3o/bin:/usr/local/bin:/usr/bin:/bin`
  const started = startCommand(resolved, { app: '/app', platform: '/m3o', build: '/m3o/build', path })
  if (started.entry === undefined) return started
  const [node = '', preload = '', ...rest] = started.command
  return { ...started, heldCommand: [node, `${preload}?held`, ...rest] }
}
