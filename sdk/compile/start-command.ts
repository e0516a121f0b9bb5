import type { Resolved } from '#contract/convention.ts'

/** Where things lie for the process that is started: in a sandbox, or on somebody's laptop. */
export interface StartPlaces {
  /** The service's own tree, its working folder. */
  app: string
  /** What buildPlatformDir (../platform/platform-folder.ts) has made. */
  platform: string
  /** What transformTree (transform.ts) has written. */
  build: string
  /** Value of PATH. */
  path: string
}

export interface StartCommand {
  command: string[]
  env: Record<string, string>
  /** The module that Node starts, in the tree. */
  entry?: string
}

/** How a service is started. Node gets the platform's preload, also in a program that the service's own command line starts. */
export function startCommand(
  { start, runtime }: Pick<Resolved, 'start' | 'runtime'>,
  { app, platform, build, path }: StartPlaces,
): StartCommand {
  const preload = `--import=${platform}/preload.mjs`
  const node = { M3O_BUILD: build, NODE_ENV: 'production', NODE_USE_SYSTEM_CA: '1' }
  if (start.kind === 'entry')
    return { command: ['node', preload, `${app}/${start.entry}`], entry: start.entry, env: { PATH: path, ...node } }
  const python: Record<string, string> =
    runtime === 'python'
      ? { PYTHONUNBUFFERED: '1', PYTHONPATH: `${platform}/carry:${platform}/python`, PYTHONDONTWRITEBYTECODE: '1' }
      : {}
  const others: Record<string, string> = runtime === 'node' ? { ...node, NODE_OPTIONS: preload } : python
  const command = start.kind === 'shell' ? ['/bin/sh', '-c', start.line] : start.argv
  return { command, env: { PATH: path, ...others } }
}
