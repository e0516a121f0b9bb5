import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { identify } from '#cli/server/identity.ts'
import { openCgroups } from '#runtime/engines/process/cgroup.ts'
import { removeFirewall } from '#runtime/engines/process/firewall.ts'
import { devicePrefix } from '#runtime/engines/process/link.ts'
import { installationOf } from '#runtime/engines/process/process-engine.ts'
import type { InstanceRecord } from '#runtime/engines/process/record.ts'
import { Shell } from '../stack/command.ts'
import { isAlive, parentOf, processesOf } from '../stack/processes-of.ts'
import { answering, crashesAtBoot } from '../stack/programs.ts'
import { startStack } from '../stack/stack.ts'
import { until } from '../stack/until.ts'
import { fault } from './fault.ts'

const run = promisify(execFile)
const sleepy = { 'm3o.json': JSON.stringify({ instances: { min: 0, max: 1 }, idle: '1s' }) }

/**
 * Everything of an installation is gone at one instant, as after a power cut: processes, groups, networks. What is on the disk
 * stays, and names processes of before, which belong to somebody else by now. Then the machine has another boot id, which
 * `unshare` shows to what is started next.
 */
export default fault({
  title: 'The machine is started anew',
  needsRoot: true,
  full: 3,
  async *run(times) {
    await using cleanup = new AsyncDisposableStack()
    const folder = await mkdtemp(join(tmpdir(), 'm3o-reboot-'))
    cleanup.defer(() => rm(folder, { recursive: true, force: true }))
    const strangers: Stranger[] = []
    cleanup.defer(() => strangers.forEach(({ process }) => process.kill('SIGKILL')))
    const stack = await startStack({ samples: false })
    cleanup.defer(() => stack.stop())
    const shell = cleanup.use(await Shell.ofAdmin(stack))
    await shell.json(['env', 'create', 'alice'])
    await shell.deploy('awake', answering('first'))
    await shell.deploy('awake', answering('second'))
    await shell.deploy('awake', answering('of alice'), '--env', 'alice')
    await shell.deploy('asleep', { ...answering('rested'), ...sleepy })
    await shell.deploy('broken', answering('last that was good'))
    await shell.m3o(['deploy', await shell.write('broken-now', crashesAtBoot), '--service', 'broken'])
    await shell.untilState('asleep', 'asleep')
    const expected = {
      awake: 'second',
      'awake --env alice': 'of alice',
      asleep: 'rested',
      broken: 'last that was good',
    }
    const answer = async (words: string) => {
      const [service = '', ...more] = words.split(' ')
      return (await shell.m3o(['call', service, '/', ...more])).stdout.trim()
    }
    const generations = async () =>
      (await shell.json<{ name: string; generation: number; overrides: unknown[] }[]>(['env', 'list']))
        .map(({ name, generation, overrides }) => `${name} ${generation} ${JSON.stringify(overrides)}`)
        .join('; ')
    const before = await generations()

    for (let time = 0; time < times; time++) {
      await powerOff(stack.home)
      await takePids(stack.home, strangers)
      const boot = join(folder, `boot-${time}`)
      await writeFile(boot, `${randomUUID()}\n`)
      const began = performance.now()
      await stack.startAgain([
        'unshare',
        '--mount',
        '--propagation',
        'private',
        '/bin/sh',
        '-c',
        'mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"',
        boot,
      ])
      const readyMs = performance.now() - began
      const answers = Object.fromEntries(
        await Promise.all(Object.keys(expected).map(async (words) => [words, await answer(words)])),
      )
      const answeredMs = performance.now() - began
      const other = Object.entries(expected)
        .filter(([words, text]) => answers[words] !== text)
        .map(([words]) => `${words}: ${answers[words]}`)
      yield {
        what: 'the same services answer as before, on their last good revision',
        held: other.length === 0,
        measured:
          other.join(', ') ||
          `${Object.keys(expected).length} services, ready after ${Math.round(readyMs)} ms, all answered after ${Math.round(answeredMs)} ms`,
      }
      const now = await generations()
      yield {
        what: 'of the same generation',
        held: now === before,
        measured: now === before ? before : `${now} and not ${before}`,
      }
      const status = await until('what should run at once runs', async () => {
        const found = await shell.status('awake')
        return found.instances.length === 1 && found
      })
      yield { what: 'what never sleeps is up by itself', held: status.state === 'live', measured: status.state }
      const killed = strangers.filter(
        ({ process }) => process.exitCode !== null || process.signalCode !== null || !isAlive(process.pid ?? 0),
      )
      yield {
        what: 'who has the pids of before is never signalled',
        held: killed.length === 0,
        measured: `${strangers.length} processes of others, ${killed.length} signalled${killed.map(({ as }) => `, as ${as}`).join('')}`,
      }
      for (const { process } of strangers.splice(0)) process.kill('SIGKILL')
      await shell.untilState('asleep', 'asleep')
    }
  },
})

/** Nothing has time to write a word. */
async function powerOff(home: string): Promise<void> {
  const installation = installationOf(home)
  const groups = openCgroups(installation)
  for (let all = await processesOf(home); all.length > 0; all = await processesOf(home)) {
    // The parent first, or it would start again what it misses. Postgres' own write over what tells whose they are.
    const pids = all
      .sort((a, b) => Number(b.includes('cli/server/start.ts')) - Number(a.includes('cli/server/start.ts')))
      .map((line) => Number.parseInt(line, 10))
    for (const pid of [...pids, ...(await descendants(pids))]) end(pid)
  }
  for (const name of groups?.names() ?? []) await groups?.remove(name)
  await groups?.destroy()
  const prefix = devicePrefix(installation)
  for (const name of await readdir('/run/netns').catch(() => []))
    if (name.startsWith(prefix)) await run('ip', ['netns', 'delete', name])
  for (const name of await readdir('/sys/class/net'))
    if (name.startsWith(prefix)) await run('ip', ['link', 'delete', name]).catch(() => {})
  await removeFirewall(installation)
}

async function descendants(of: readonly number[]): Promise<number[]> {
  const parents = new Map(
    (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map((name) => [Number(name), parentOf(Number(name))]),
  )
  const found = new Set(of)
  for (let size = 0; size !== found.size;) {
    size = found.size
    for (const [pid, parent] of parents) if (parent !== undefined && found.has(parent)) found.add(pid)
  }
  return [...found]
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // gone with another
  }
}

/** Every pid that the home's files name is now that of somebody else's process, which began at the same tick as the one before. */
async function takePids(home: string, strangers: Stranger[]): Promise<void> {
  const stranger = (as: string) => {
    const process = spawn('sleep', ['600'], { stdio: 'ignore', detached: true })
    const identity = identify(process.pid ?? 0)
    if (identity === undefined) throw new Error('no process could be started')
    strangers.push({ as, process })
    return { pid: identity.pid, start: identity.start }
  }
  for (const name of ['parent', 'runtime', 'gateway', 'web', 'postgres']) {
    const path = join(home, 'run', `${name}.pid`)
    const [, , ...rest] = (await readFile(path, 'utf8')).split('\n')
    const { pid, start } = stranger(name)
    await writeFile(path, [pid, start, ...rest].join('\n'))
  }
  const instances = join(home, 'instances')
  for (const id of (await readdir(instances)).filter((name) => !name.startsWith('.'))) {
    const path = join(instances, id, 'instance.json')
    const record = JSON.parse(await readFile(path, 'utf8')) as InstanceRecord
    if (record.placement === undefined || record.exit !== undefined) continue
    record.shim = stranger(`the shim of ${id}`)
    record.placement.identity.init = stranger(`init of ${id}`)
    await writeFile(path, JSON.stringify(record))
  }
  const postmaster = stranger('the postmaster')
  for (const path of ['pg/data/postmaster.pid', 'pg/.s.PGSQL.5432.lock'].map((name) => join(home, name))) {
    const [, ...lines] = (await readFile(path, 'utf8')).split('\n')
    await writeFile(path, [postmaster.pid, ...lines].join('\n'))
  }
}

interface Stranger {
  as: string
  process: ChildProcess
}
