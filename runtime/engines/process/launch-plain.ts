import type { ChildProcess } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { nodeOptions, takeEnvironment, takeEnvironmentHeld } from './environment.ts'
import { ownerOf } from './identity.ts'
import type { LaunchOptions } from './launch.ts'
import { joinGroups, leaveRoot, spawnShim } from './launch.ts'
import { buildDirOf } from './held.ts'

/** Where root, having no bubblewrap, shows a service its folders: in a mount namespace of the service's own. */
const stage = '/mnt'

/** From pairs of folders, up to `--`. A service's user could not enter the platform's home to reach them. */
const setStage =
  `mount -t tmpfs -o mode=755 m3o ${stage} || exit 126; ` +
  'while [ "$1" != -- ]; do if [ -d "$1" ]; then mkdir -p "$2"; else mkdir -p "${2%/*}"; : >"$2"; fi; ' +
  `mount --bind "$1" "$2" || exit 126; shift 2; done; shift; for n in npm npx; do ln -s "../lib/npm/bin/$n-cli.js" ${stage}/m3o/bin/$n; done; cd ${stage}/app; exec "$@"`

/** Starts the command in a session of its own, waits, and writes the status as bwrap would. */
const waitForCommand =
  'setsid "$@" 3>&- & child=$!; exec 5<&-; echo "{ \\"child-pid\\": $child }" >&3; ' +
  'wait $child; echo "{ \\"exit-code\\": $? }" >&3'

/**
 * Without bubblewrap: a process that sees the machine's files and network. The sandbox's paths in its command and
 * environment are replaced by what they stand for.
 */
export function launchPlain(options: LaunchOptions): ChildProcess {
  const { spec, folder, cgroups, root, uid, gid } = options
  const places = placesOf(options)
  const shown = root ? [...places].flatMap(([inside, host]) => [host, stage + inside]) : []
  const at = (inside: string) => (root ? stage + inside : (places.get(inside) ?? inside))
  if (!root) linkInto(options)
  const outside = translate([...places.keys()], at)

  const bin = root ? `${stage}/m3o/bin` : `${folder}/bin`
  const env: Record<string, string> = {
    PATH: `${bin}:/usr/local/bin:/usr/bin:/bin`,
    HOME: at('/var/home'),
    TMPDIR: at('/tmp'),
  }
  for (const [name, value] of Object.entries(spec.env)) {
    // In the sandbox this folder is put together from several: nothing outside stands for it alone.
    env[name] =
      name === 'PATH'
        ? value
            .split(':')
            .map((entry) => (entry === '/m3o/bin' ? bin : outside(entry)))
            .join(':')
        : outside(value)
  }
  env.NODE_OPTIONS = nodeOptions(env.NODE_OPTIONS, spec.limits)

  const namespaced = root
    ? ['unshare', '--mount', '--propagation', 'private', '--', '/bin/sh', '-c', setStage, 'm3o', ...shown, '--']
    : []
  const limit = root ? leaveRoot(uid, gid) : ['prlimit', `--nproc=${threadsOf(uid) + spec.limits.pids}`, '--']
  const command = [
    ...limit,
    '/bin/sh',
    '-c',
    spec.held ? takeEnvironmentHeld : takeEnvironment,
    'm3o',
    ...spec.command.map(outside),
  ]
  const line = [
    '-c',
    joinGroups,
    'm3o',
    ...cgroups,
    '--',
    ...namespaced,
    '/bin/sh',
    '-c',
    waitForCommand,
    'm3o',
    ...command,
  ]
  return spawnShim(line, options, { env, cwd: root ? '/' : `${folder}/app` })
}

/** The sandbox's paths and what they stand for, parents before what lies in them. */
function placesOf({ spec, folder, nodeBinary, npmFolder }: LaunchOptions): Map<string, string> {
  const places = new Map([
    ['/app', `${folder}/app`],
    ['/var/home', `${folder}/home`],
    ['/tmp', `${folder}/tmp`],
  ])
  places.set('/m3o/bin/node', nodeBinary).set('/m3o/lib/npm', npmFolder)
  for (const name of spec.platformDir ? readdirSync(spec.platformDir) : [])
    places.set(`/m3o/${name}`, `${spec.platformDir}/${name}`)
  if (spec.modulesDir) places.set('/app/node_modules', spec.modulesDir)
  const buildDir = buildDirOf(spec, folder)
  if (buildDir) places.set('/m3o/build', buildDir)
  if (spec.dataDir) places.set('/data', spec.dataDir)
  for (const { host, inside } of spec.binds ?? []) places.set(inside, host)
  return places
}

function linkInto({ spec, folder, nodeBinary, npmFolder }: LaunchOptions): void {
  mkdirSync(`${folder}/bin`, { recursive: true })
  symlinkSync(nodeBinary, `${folder}/bin/node`)
  for (const name of ['npm', 'npx']) symlinkSync(`${npmFolder}/bin/${name}-cli.js`, `${folder}/bin/${name}`)
  if (!spec.modulesDir) return
  rmSync(`${folder}/app/node_modules`, { recursive: true, force: true })
  symlinkSync(spec.modulesDir, `${folder}/app/node_modules`)
}

function translate(insides: string[], at: (inside: string) => string): (text: string) => string {
  const longestFirst = insides.sort((a, b) => b.length - a.length)
  return (text) =>
    text.replace(/(?<=^|[=:,\s'">]|file:\/\/)\/[^\s:,'"]*/g, (path) => {
      const place = longestFirst.find((each) => path === each || path.startsWith(`${each}/`))
      return place === undefined ? path : at(place) + path.slice(place.length)
    })
}

/** RLIMIT_NPROC counts all of a user's threads, so what it has already comes on top. */
function threadsOf(uid: number): number {
  const mine = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && ownerOf(Number(name)) === uid)
  return mine.reduce((sum, pid) => sum + countThreads(pid), 0)
}

function countThreads(pid: string): number {
  try {
    return readdirSync(`/proc/${pid}/task`).length
  } catch {
    return 0
  }
}
