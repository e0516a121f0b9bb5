import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import type { Handlers } from '#contract/rpc-types.ts'
import type { runtimeApi } from '#contract/runtime-api.ts'
import { listTemplates } from '#templates/templates.ts'
import { signUpFact, signUpOf } from '#contract/people.ts'
import { platform as facts } from '#db/schema.ts'
import { audited } from '../audit/audit.ts'
import type { Isolation } from '../engines/engine.ts'
import type { Platform } from '../platform.ts'

type Part = Pick<Handlers<typeof runtimeApi>, Extract<keyof typeof runtimeApi, `platform.${string}` | `events.${string}` | `templates.${string}`>>

const processes = ['parent', 'web', 'runtime', 'gateway', 'postgres']

export function platformHandlers(platform: Platform, shutdown: () => Promise<void>): Part {
  const { engine, settings, routing, places, events } = platform
  const startedAt = Date.now()
  return {
    'platform.status': async () => ({
      version: JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')).version as string,
      startedAt,
      engine: engine.kind,
      isolation: explain(engine.describe()),
      processes: await Promise.all(processes.map(async (name) => ({ name, ...(await processOf(settings.home, name)) }))),
      counts: { teams: Object.keys(routing.table.teams).length, services: Object.keys(routing.table.services).length, instances: places.instances.all().length },
      gateway: { url: `http://${settings.gatewayHost}:${settings.gatewayPort}`, domain: settings.domain, port: settings.gatewayPort },
    }),
    'platform.configure': async ({ signUp }, { actor }) => {
      const [kept] = await platform.db.select().from(facts).where(eq(facts.key, signUpFact))
      await audited(platform.db, actor, { teamId: null, action: 'platform.configure', target: 'platform', before: { signUp: signUpOf(kept?.value) }, after: { signUp } }, (tx) =>
        tx.insert(facts).values({ key: signUpFact, value: signUp }).onConflictDoUpdate({ target: facts.key, set: { value: signUp } }))
      return { ok: true }
    },
    'platform.shutdown': async () => {
      await shutdown()
      return { ok: true }
    },
    'events.watch': (_, { signal }) => events.watch(signal),
    'templates.list': () => listTemplates(),
  }
}

function explain(isolation: Isolation) {
  const warnings = [...isolation.warnings]
  const rows = [
    { what: 'Sandbox', how: isolation.sandbox === 'bubblewrap' ? 'bubblewrap: own files, processes and users' : 'none' },
    { what: 'Network', how: isolation.network === 'team' ? 'a network of its own for each team' : "the machine's network, shared" },
    { what: 'Limits', how: { 'cgroup-v1': 'control groups (v1)', 'cgroup-v2': 'control groups (v2)', rlimits: 'per process only' }[isolation.limits] },
    { what: 'Teams', how: isolation.teamsApart ? 'kept apart' : 'one team only' },
  ]
  return [...rows.map((row) => ({ ...row, weaker: null })), ...warnings.map((weaker) => ({ what: 'Weaker than it should be', how: '', weaker }))]
}

/** Its pid and how much memory is its own share (PSS), as the kernel says. */
async function processOf(home: string, name: string): Promise<{ pid: number | null; memoryBytes: number | null }> {
  const pid = Number.parseInt(await readFile(join(home, 'run', `${name}.pid`), 'utf8').catch(() => ''), 10)
  if (!Number.isInteger(pid)) return { pid: null, memoryBytes: null }
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '')
  const kib = /^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1]
  return { pid, memoryBytes: kib === undefined ? null : Number(kib) * 1024 }
}
