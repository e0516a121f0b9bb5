import { accessSync, constants } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Resolved } from '#contract/convention.ts'
import { PlatformError } from '#contract/errors.ts'
import { toolchainOf } from '#sdk/compile/toolchains.ts'
import type { Job, Jobs } from './jobs.ts'
import { ownFiles } from './own-files.ts'

/** Where tools are: only what lies under /usr and /bin can be seen in a sandbox. Go's own installer has a folder of its own there. */
const toolFolders = ['/usr/local/bin', '/usr/local/go/bin', '/usr/bin', '/bin']

/** What is run before the service can be; undefined when nothing is. Throws `build_failed` naming a tool that is missing. */
export function buildLine({ runtime, build }: Resolved): string | undefined {
  if (runtime === 'image') {
    throw new PlatformError(
      'build_failed',
      'a Dockerfile needs the swarm engine, and this platform runs the process engine',
      {
        fix: 'Set "runtime" and "command" in m3o.json, or ask the operator to use the swarm engine.',
      },
    )
  }
  const toolchain = toolchainOf(runtime)
  if (build || !toolchain) return build
  if (!toolFolders.some((folder) => runnable(join(folder, toolchain.tool)))) {
    throw new PlatformError(
      'build_failed',
      `${toolchain.name} is not installed on this machine: "${toolchain.tool}" was not found in ${toolFolders.join(', ')}`,
      {
        fix: `Ask the operator to install ${toolchain.name}, or deploy a built program and set "command" in m3o.json.`,
      },
    )
  }
  return toolchain.build
}

function runnable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** What compilers keep for the next time: Go compiles its whole library when it finds nothing of it. Of the trust class, like npm's. */
const kept = {
  GOCACHE: '/downloads/go-build',
  GOMODCACHE: '/downloads/go',
  GOTELEMETRY: 'off',
  CARGO_HOME: '/downloads/cargo',
  MAVEN_ARGS: '-Dmaven.repo.local=/downloads/maven',
}

/** Runs the build's command line in the tree itself; what it leaves there is part of the build. */
export async function compile(
  jobs: Jobs,
  line: string,
  job: Omit<Job, 'what' | 'command' | 'env' | 'binds' | 'sourceDir'> & {
    app: string
    empty: string
    downloads: string
  },
): Promise<void> {
  const { app, empty, downloads, modulesDir, ...rest } = job
  job.onLine(`building: ${line}`)
  await ownFiles(app)
  // Over the sandbox's own copy at /app, then the dependencies over that.
  const modules = modulesDir ? [{ host: modulesDir, inside: '/app/node_modules' }] : []
  if (modulesDir) {
    await rm(join(app, 'node_modules'), { recursive: true, force: true })
    await mkdir(join(app, 'node_modules'))
  }
  const { exit, lines } = await jobs.run({
    ...rest,
    what: 'the build',
    sourceDir: empty,
    command: ['/bin/sh', '-c', line],
    env: {
      ...kept,
      CI: '1',
      NODE_USE_SYSTEM_CA: '1',
      NO_COLOR: '1',
      PATH: ['/app/node_modules/.bin', '/m3o/bin', ...toolFolders].join(':'),
    },
    binds: [
      { host: app, inside: '/app', writable: true },
      { host: downloads, inside: '/downloads', writable: true },
      ...modules,
    ],
  })
  if (modulesDir) await rm(join(app, 'node_modules'), { recursive: true, force: true })
  if (exit.exitCode === 0) return
  const last = lines.findLast((text) => /error|fail|cannot|not found/i.test(text)) ?? lines.at(-1)
  throw new PlatformError(
    'build_failed',
    `the build (${line.slice(0, 100)}) exited with code ${exit.exitCode}${last ? `: ${last.slice(0, 300)}` : ''}`,
    {
      fix: 'See the build log for its full output.',
      data: { exitCode: exit.exitCode, lines: lines.slice(-50) },
    },
  )
}
