import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import type { Check } from '#contract/checks.ts'
import { egressText } from '#contract/egress.ts'
import type { Handlers } from '#contract/rpc-types.ts'
import type { runtimeApi } from '#contract/runtime-api.ts'
import { listTemplates } from '#templates/templates.ts'
import { signUpFact, signUpOf } from '#contract/people.ts'
import { platform as facts } from '#db/schema.ts'
import { audited } from '../audit/audit.ts'
import type { Isolation } from '../engines/engine.ts'
import type { Platform } from '../platform.ts'
import type { Settings } from '../settings.ts'
import { rotateKey } from '../variables/rotate.ts'

type Part = Pick<
  Handlers<typeof runtimeApi>,
  Extract<keyof typeof runtimeApi, `platform.${string}` | `events.${string}` | `templates.${string}`>
>

const processes = ['parent', 'web', 'runtime', 'gateway', 'postgres']

interface Acts {
  shutdown: () => Promise<void>
  health: () => Promise<Check[]>
}

export function platformHandlers(platform: Platform, { shutdown, health }: Acts): Part {
  const { engine, settings, routing, places, events } = platform
  const startedAt = Date.now()
  return {
    'platform.status': async () => ({
      version: JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')).version as string,
      startedAt,
      engine: engine.kind,
      isolation: explain(engine.describe(), settings),
      processes: await Promise.all(
        processes.map(async (name) => ({ name, ...(await processOf(settings.home, name)) })),
      ),
      counts: {
        teams: Object.keys(routing.table.teams).length,
        services: Object.keys(routing.table.services).length,
        instances: places.instances.all().length,
      },
      gateway: {
        url: `http://${settings.gatewayHost}:${settings.gatewayPort}`,
        domain: settings.domain,
        port: settings.gatewayPort,
      },
    }),
    'platform.configure': async ({ signUp }, { actor }) => {
      const [kept] = await platform.db.select().from(facts).where(eq(facts.key, signUpFact))
      await audited(
        platform.db,
        actor,
        {
          teamId: null,
          action: 'platform.configure',
          target: 'platform',
          before: { signUp: signUpOf(kept?.value) },
          after: { signUp },
        },
        (tx) =>
          tx
            .insert(facts)
            .values({ key: signUpFact, value: signUp })
            .onConflictDoUpdate({ target: facts.key, set: { value: signUp } }),
      )
      return { ok: true }
    },
    'platform.health': () => health(),
    'platform.rotateKey': (_, { actor }) => rotateKey(platform, actor),
    'platform.shutdown': async () => {
      await shutdown()
      return { ok: true }
    },
    'events.watch': (_, { signal }) => events.watch(signal),
    'templates.list': () => listTemplates(),
  }
}

type Walls = Pick<Settings, 'teamsWithoutWalls' | 'teamDiskMiB' | 'egress'>

function explain(isolation: Isolation, { teamsWithoutWalls, teamDiskMiB, egress }: Walls) {
  const warnings = [...isolation.warnings]
  const open = !isolation.teamsApart && teamsWithoutWalls
  if (open)
    warnings.push(
      'Several teams are allowed although they cannot be isolated here (M3O_TEAMS_WITHOUT_WALLS=1): each can reach the data and secrets of the others.',
    )
  if (isolation.limits === 'rlimits')
    warnings.push('One team can use all memory and CPU, because there are no control groups to limit it.')
  const { memoryMiB, pids } = isolation.team
  const rows = [
    {
      what: 'Sandbox',
      how: isolation.sandbox === 'bubblewrap' ? 'bubblewrap: separate files, processes and users' : 'none',
    },
    {
      what: 'Network',
      how:
        isolation.network === 'site'
          ? 'a separate network for each service in each environment; only the gateway can reach it'
          : 'the network of the machine, shared',
    },
    {
      what: 'Limits',
      how: { 'cgroup-v1': 'control groups (v1)', 'cgroup-v2': 'control groups (v2)', rlimits: 'per process only' }[
        isolation.limits
      ],
    },
    { what: 'Teams', how: isolation.teamsApart ? 'isolated' : open ? 'not isolated' : 'one team only' },
    { what: 'Environments', how: isolation.network === 'site' ? 'isolated' : 'not isolated from each other' },
    ...(isolation.limits === 'rlimits'
      ? []
      : [
          {
            what: 'Limits per team',
            how: `${memoryMiB} MiB of memory, ${pids} processes, ${teamDiskMiB} MiB of disk; CPU shared fairly`,
          },
        ]),
    ...(egress.mode === 'all' ? [] : [{ what: 'Outbound network access', how: egressText(egress) }]),
  ]
  return [
    ...rows.map((row) => ({ ...row, weaker: null })),
    ...warnings.map((weaker) => ({ what: 'Weak isolation', how: '', weaker })),
  ]
}

/** Its pid and how much memory is its own share (PSS), as the kernel says. */
async function processOf(home: string, name: string): Promise<{ pid: number | null; memoryBytes: number | null }> {
  const pid = Number.parseInt(await readFile(join(home, 'run', `${name}.pid`), 'utf8').catch(() => ''), 10)
  if (!Number.isInteger(pid)) return { pid: null, memoryBytes: null }
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '')
  const kib = /^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1]
  return { pid, memoryBytes: kib === undefined ? null : Number(kib) * 1024 }
}
