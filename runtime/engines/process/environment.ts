import { PlatformError } from '#contract/errors.ts'
import type { Limits } from '../engine.ts'

/**
 * The descriptor on which a command's environment arrives. It is not the environment of the programs before it: those
 * run as root, and a service that sets LD_PRELOAD or BASH_ENV would run in them.
 */
export const environmentFd = 5
/** The one on which a held instance hears that it may run: sdk/platform/held.ts. */
export const heldFd = 7

/**
 * Read by a shell that has already become the team's user. The text ends with a mark, so that a command never starts
 * with half of its environment because the runtime died while writing; nothing but 0, 1 and 2 is left open.
 */
export const takeEnvironment = takeAndClose([3, 4, 5, 6, 7, 8, 9])
/** For a held instance, which waits on {@link heldFd}. */
export const takeEnvironmentHeld = takeAndClose([3, 4, 5, 6, 8, 9])

function takeAndClose(descriptors: readonly number[]): string {
  return (
    `unset PWD OLDPWD SHLVL LC_ALL _; eval "$(cat <&${environmentFd})"; exec ${descriptors.map((fd) => `${fd}<&-`).join(' ')}; ` +
    '[ "$m3o_complete" ] || exit 125; unset m3o_complete; exec "$@"'
  )
}

export function environmentText(env: Record<string, string>): string {
  const lines = Object.entries(env).map(([name, value]) => `export ${name}='${value.replaceAll("'", `'\\''`)}'`)
  return `${lines.join('\n')}\nm3o_complete=1\n`
}

const shellName = /^[A-Za-z_][A-Za-z0-9_]*$/
/** Shells refuse or interpret these themselves. */
const shellOwn = new Set([
  'OPTIND',
  'PPID',
  'UID',
  'EUID',
  'BASHOPTS',
  'SHELLOPTS',
  'BASH_VERSINFO',
  '_',
  'm3o_complete',
])

export const isSettable = (name: string, value: string) =>
  shellName.test(name) && !shellOwn.has(name) && !value.includes('\0')

export function checkEnvironment(env: Record<string, string>): void {
  for (const [name, value] of Object.entries(env)) {
    if (isSettable(name, value)) continue
    throw new PlatformError('bad_request', `the variable ${JSON.stringify(name.slice(0, 80))} cannot be set`, {
      fix: 'Use letters, digits and _ for the name, no name that the shell reserves, and a value without NUL.',
      field: 'env',
    })
  }
}

/** Node takes its heap limit from the machine, not from the control group, so it is told. Young heap and code come on top. */
export function nodeOptions(given: string | undefined, { memoryMiB }: Limits): string {
  if (given?.includes('max-old-space-size') || given?.includes('max_old_space_size')) return given
  const heap = Math.max(16, Math.floor(memoryMiB < 256 ? memoryMiB * 0.6 : memoryMiB * 0.75))
  return [given, `--max-old-space-size=${heap}`].filter(Boolean).join(' ')
}
