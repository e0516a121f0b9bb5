import { resolve4 } from 'node:dns/promises'
import { eq, isNull } from 'drizzle-orm'
import { beyond, type Egress, egressText, narrowed, parseNetwork } from '#contract/egress.ts'
import { PlatformError } from '#contract/errors.ts'
import type { Actor } from '#contract/rpc.ts'
import type { Db } from '#db/open.ts'
import { teams } from '#db/schema.ts'
import { audited } from '../audit/audit.ts'
import type { Way } from '../engines/engine.ts'
import type { Platform } from '../platform.ts'
import { findTeam } from '../teams/teams.ts'

interface Known {
  rule: Egress
  way: Way
}

const everywhere: Egress = { mode: 'all' }
const againMs = 30_000
/** Answers of names that are served by many machines differ from one moment to the next. */
const keptMs = 10 * 60_000

/** The teams' rules as the engine can hold to them: names as addresses, looked up again and again. */
export class Egresses {
  readonly #known = new Map<string, Known>()
  readonly #seen = new Map<string, Map<string, number>>()
  readonly #most: Egress
  readonly #resolve: (host: string) => Promise<string[]>
  #timer: NodeJS.Timeout | undefined

  constructor(most: Egress, resolve: (host: string) => Promise<string[]> = resolve4) {
    this.#most = most
    this.#resolve = resolve
  }

  /** All rules, before anything of a team's runs. What a name leads to is refused until it was looked up. */
  async load(db: Db): Promise<void> {
    for (const { id, egress } of await db
      .select({ id: teams.id, egress: teams.egress })
      .from(teams)
      .where(isNull(teams.deletedAt)))
      this.put(id, egress ?? everywhere)
  }

  put(teamId: string, rule: Egress): void {
    this.#known.set(teamId, { rule, way: this.#wayOf(rule) })
  }

  /** Of one that is not known yet: what the operator allows all of them. */
  wayOf = (teamId: string): Way => this.#known.get(teamId)?.way ?? this.#wayOf(everywhere)

  /** `changed`: those whose addresses are others now. */
  follow(changed: (teamIds: string[]) => void): void {
    const look = async () => {
      await this.look()
      const others = [...this.#known].filter(([teamId, { rule, way }]) => {
        const now = this.#wayOf(rule)
        this.#known.set(teamId, { rule, way: now })
        return JSON.stringify(now) !== JSON.stringify(way)
      })
      if (others.length > 0) changed(others.map(([teamId]) => teamId))
      this.#timer = setTimeout(() => void look(), againMs).unref()
    }
    clearTimeout(this.#timer)
    void look()
  }

  close(): void {
    clearTimeout(this.#timer)
  }

  /** Looks all names up. One that cannot be keeps the addresses it had. */
  async look(): Promise<void> {
    const rules = [...[...this.#known.values()].map(({ rule }) => rule), this.#most]
    const names = new Set(
      rules.flatMap((rule) =>
        rule.mode === 'listed' ? rule.hosts.filter((host) => parseNetwork(host) === undefined) : [],
      ),
    )
    const now = Date.now()
    for (const name of this.#seen.keys()) if (!names.has(name)) this.#seen.delete(name)
    await Promise.all(
      [...names].map(async (name) => {
        const found = await this.#resolve(name).catch(() => undefined)
        if (found === undefined) return
        const before = [...(this.#seen.get(name) ?? [])].filter(([, at]) => now - at < keptMs)
        this.#seen.set(name, new Map([...before, ...found.map((address) => [address, now] as const)]))
      }),
    )
  }

  #wayOf(rule: Egress): Way {
    const effective = narrowed(rule, this.#most)
    if (effective.mode !== 'listed') return effective
    const addresses = effective.hosts.flatMap((host) =>
      parseNetwork(host) === undefined ? [...(this.#seen.get(host)?.keys() ?? [])] : [host],
    )
    return { mode: 'listed', networks: [...new Set(addresses)].sort() }
  }
}

export interface EgressView {
  egress: Egress
  /** The operator's: no team goes beyond it. */
  most: Egress
  /** Why it does not hold here; null when it does. */
  unenforced: string | null
}

export async function readEgress(platform: Platform, teamId: string): Promise<EgressView> {
  const team = await findTeam(platform, teamId)
  return { egress: team.egress ?? everywhere, most: platform.settings.egress, unenforced: whyNot(platform) }
}

/** @throws PlatformError `forbidden` beyond the operator's, `not_in_this_state` where the machine cannot hold anybody to it */
export async function setEgress(platform: Platform, actor: Actor, teamId: string, egress: Egress): Promise<void> {
  const { most } = { most: platform.settings.egress }
  const tooFar = beyond(egress, most)
  if (tooFar.length > 0) {
    throw new PlatformError('forbidden', `the operator allows no team to reach ${tooFar.join(', ')}`, {
      field: 'hosts',
      fix: `Stay within what is allowed: ${egressText(most)}.`,
    })
  }
  const why = whyNot(platform)
  if (why !== null && egress.mode !== 'all')
    throw new PlatformError('not_in_this_state', `this machine cannot hold a team to it: ${why}`, {
      fix: 'Have the operator run M3O as root with bubblewrap, nftables and iproute2.',
    })
  const team = await findTeam(platform, teamId)
  await audited(
    platform.db,
    actor,
    { teamId, action: 'team.egress', target: `team ${team.name}`, before: team.egress ?? everywhere, after: egress },
    (tx) => tx.update(teams).set({ egress }).where(eq(teams.id, teamId)),
  )
  platform.egresses.put(teamId, egress)
  await platform.egresses.look()
  platform.egresses.put(teamId, egress)
  await platform.engine.refreshWays()
  platform.events.emit({ type: 'team', teamId })
}

function whyNot({ engine }: Platform): string | null {
  const { network, missing } = engine.describe()
  if (network === 'site') return null
  return missing.length > 0 ? `it lacks ${missing.join(', ')}` : 'teams share its network'
}
