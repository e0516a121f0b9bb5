import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ne } from 'drizzle-orm'
import { instances } from '#db/schema.ts'
import { devicePrefix } from '#runtime/engines/process/link.ts'
import { installationOf } from '#runtime/engines/process/process-engine.ts'
import { isAlive, identify } from '#runtime/engines/process/identity.ts'
import type { InstanceRecord } from '#runtime/engines/process/record.ts'
import type { TestPlatform } from '../../platform/platform.ts'
import { parentOf, processesOf } from '../../stack/processes-of.ts'

const run = promisify(execFile)

/** The runtime keeps so many instances ready for what is being worked on, which have no row. */
const mostSpares = 3
/** Networks that are made ahead, and the one that others are made from (engines/process/networks.ts). */
const mostWaiting = 4

/** Everything of an installation that nobody owns: instances, processes, ports, files (`temporary` is its TMPDIR), groups, networks; each as a line. */
export async function leftBehind(platform: TestPlatform, temporary: string): Promise<string[]> {
  const { home, db, runtime, gateway } = platform
  const installation = installationOf(home.path)
  const folders = (await names(join(home.path, 'instances'))).filter((name) => !name.startsWith('.'))
  const rows = await db.select({ id: instances.id }).from(instances).where(ne(instances.state, 'ended'))
  const known = new Set(rows.map(({ id }) => id))
  const records = new Map<string, InstanceRecord>()
  for (const id of folders)
    records.set(
      id,
      JSON.parse(
        await readFile(join(home.path, 'instances', id, 'instance.json'), 'utf8').catch(() => '{}'),
      ) as InstanceRecord,
    )

  const left: string[] = []
  const spares = new Map<string, string>()
  for (const id of folders) {
    const { shim, placement } = records.get(id) ?? {}
    if (!shim || !placement || !isAlive(shim)) left.push(`instances/${id}: nothing runs in it`)
    else if (!known.has(id)) {
      const place = `${placement.environmentId}/${placement.serviceId}`
      if (spares.has(place)) left.push(`instances/${id}: a second one of ${place} without a row`)
      spares.set(place, id)
    }
  }
  if (spares.size > mostSpares) left.push(`${spares.size} instances without a row`)
  for (const id of known) if (!records.has(id)) left.push(`the row of ${id}, which does not run`)

  const owned = new Set([...known, ...spares.values()])
  for (const id of await names(join(home.path, 'output'))) if (!owned.has(id)) left.push(`output/${id}`)
  for (const group of await groupsOf(installation)) if (!owned.has(group.id)) left.push(`the group ${group.path}`)
  const namespaces = (await names('/run/netns')).filter((name) => name.startsWith(devicePrefix(installation)))
  const inUse = new Set([...owned].map((id) => records.get(id)?.namespace))
  const unused = namespaces.filter((namespace) => !inUse.has(`/run/netns/${namespace}`))
  if (unused.length > mostWaiting) left.push(`networks ${unused.join(', ')}`)
  const ports = new Set([...owned].map((id) => records.get(id)?.placement?.port))
  for (const namespace of namespaces)
    for (const port of await listening(namespace)) if (!ports.has(port)) left.push(`port ${port}`)
  left.push(...(await strangers(home.path, [runtime.pid(), gateway.pid()])), ...(await halfMade(home.path, temporary)))
  return left
}

const names = (folder: string) => readdir(folder).catch(() => [] as string[])

async function groupsOf(installation: string): Promise<{ id: string; path: string }[]> {
  const mounts = (await readFile('/proc/mounts', 'utf8'))
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, , type]) => type === 'cgroup' || type === 'cgroup2')
  const found: { id: string; path: string }[] = []
  for (const [, mount = ''] of mounts) {
    const root = join(mount, `m3o-${installation}`)
    for (const team of (await names(root)).filter((name) => name.startsWith('team-'))) {
      for (const entry of await readdir(join(root, team), { withFileTypes: true }))
        if (entry.isDirectory()) found.push({ id: entry.name, path: join(root, team, entry.name) })
    }
  }
  return found
}

/** Ports that something listens on (state 0A), of proc_net(5). */
async function listening(namespace: string): Promise<number[]> {
  const { stdout } = await run('nsenter', [`--net=/run/netns/${namespace}`, 'cat', '/proc/net/tcp'])
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .flatMap(([, local = '', , state]) => (state === '0A' ? [Number.parseInt(local.split(':')[1] ?? '', 16)] : []))
}

/** Processes that know this home and neither are the platform's nor begun by them. */
async function strangers(home: string, platform: readonly number[]): Promise<string[]> {
  const found = (await processesOf(home)).map((line) => ({ pid: Number.parseInt(line, 10), line }))
  return found
    .filter(({ pid }) => !descends(pid, platform) && identify(pid) !== undefined)
    .map(({ line }) => `process ${line}`)
}

function descends(pid: number, from: readonly number[]): boolean {
  for (let at: number | undefined = pid; at !== undefined && at > 1; at = parentOf(at))
    if (from.includes(at)) return true
  return false
}

/** What is made under another name before it gets its own, and what git locks with. */
async function halfMade(home: string, temporary: string): Promise<string[]> {
  const made = (
    await Promise.all(
      ['builds', 'cache/modules', 'cache/platform'].map(async (folder) =>
        (await names(join(home, folder)))
          .filter((name) => name.startsWith('.making-'))
          .map((name) => `${folder}/${name}`),
      ),
    )
  ).flat()
  const jobs = (await names(join(home, 'cache/jobs'))).map((name) => `cache/jobs/${name}`)
  const source = await readdir(join(home, 'source'), { recursive: true }).catch(() => [] as string[])
  return [
    ...made,
    ...jobs,
    ...source.filter((path) => /\.lock$|tmp_|incoming-/.test(path)).map((path) => `source/${path}`),
    ...(await names(temporary)).map((name) => `TMPDIR/${name}`),
  ]
}
