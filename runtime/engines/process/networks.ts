import { asNumber, asText } from './address.ts'
import type { Limited, TeamLink } from './firewall.ts'
import { addToWay, removeFirewall, removeFromWay, writeFirewall } from './firewall.ts'
import type { Link } from './link.ts'
import {
  batch,
  createLink,
  createNursery,
  destroyLinks,
  devicePrefix,
  devicesOf,
  forwardFrom,
  freeNetworks,
  isThere,
  namespaceOf,
  resolvers,
  uplink,
} from './link.ts'
import type { Way } from '../engine.ts'
import { blockBits, blockSize, blocksOf, claimBlock } from './registry.ts'

export interface NetworksOptions {
  installation: string
  home: string
  gatewayPort: number
  /** Private addresses that services may reach all the same, as the operator's settings name them. */
  permitted: { address: string; port: number }[]
  wayOf: (teamId: string) => Way
}

/** Links that wait to be used, so that nobody waits for one to be made. */
const waiting = 3
/** What has just taken one is not disturbed by the making of the next. */
const calmMs = 250
/** Their metric is the last: any route of the machine's own goes before. */
const lastMetric = 4_278_198_272

interface Used {
  link: Link
  team: string
  /** Which chain of the firewall holds it. */
  way: number | undefined
}

/** The links of an installation: those that are in use, a few that wait, and the rules that hold for all of them. */
export class Networks {
  readonly #options: NetworksOptions
  readonly #used = new Map<string, Used>()
  readonly #waiting: Link[] = []
  readonly #taken = new Set<number>()
  readonly #teamLinks = new Map<string, TeamLink & { team: string }>()
  #ways: { team: string; way: Limited }[] = []
  #blocks: string[] = []
  #last = 1
  #begun: Promise<void> | undefined
  #rules: Promise<unknown> = Promise.resolve()
  #filling: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #closed = false
  /** How many are being taken. */
  #asked = 0

  constructor(options: NetworksOptions) {
    this.#options = options
  }

  /** What runs in links of an earlier runtime goes on there; everything else of this installation goes. */
  async adopt(
    found: readonly { device: string; team: string; teamLink: TeamLink | undefined }[],
  ): Promise<Map<string, Link>> {
    const { installation } = this.#options
    const adopted = new Map<string, Link>()
    this.#blocks = await blocksOf(installation)
    for (const { device, team, teamLink } of found) {
      const index = this.#indexOf(device)
      if (teamLink) this.#teamLinks.set(device, { ...teamLink, team })
      else if (index !== undefined && this.#blocks.length > 0) {
        this.#taken.add(index)
        const link = this.#linkAt(index)
        this.#used.set(device, { link, team, way: undefined })
        // One whose device is gone leads nowhere: what is started next gets another.
        if (isThere(link)) adopted.set(device, link)
      }
    }
    const kept = new Set(found.map(({ device }) => device))
    await destroyLinks(devicesOf(installation).filter((device) => !kept.has(device)))
    if (kept.size > 0) await this.#begin()
    else await removeFirewall(installation)
    return adopted
  }

  /** Nothing else is in it, and nothing but the gateway reaches it. */
  async take(team: string): Promise<Link> {
    this.#asked++
    try {
      await this.#begin()
      const link = this.#waiting.shift() ?? (await this.#make())
      this.#fillSoon()
      this.#used.set(link.device, { link, team, way: undefined })
      if (this.#options.wayOf(team).mode !== 'all') await this.#inTurn(() => this.#limit(link.device))
      return link
    } finally {
      this.#asked--
    }
  }

  async free(link: Link): Promise<void> {
    const used = this.#used.get(link.device)
    this.#used.delete(link.device)
    // The address must not be held to this team's ways when it is another's.
    await this.#inTurn(async () => {
      const { way } = used ?? {}
      if (way !== undefined) await removeFromWay(this.#options.installation, link.address, way)
    })
    await destroyLinks([link.device])
    this.#taken.delete(this.#indexOf(link.device) ?? 0)
  }

  /** Of an earlier version, once nothing runs in it. */
  async freeTeamLink(device: string): Promise<void> {
    if (!this.#teamLinks.delete(device)) return
    await this.writeRules()
    await destroyLinks([device])
  }

  /** The links that wait, the rules and the addresses, when nothing is in use. */
  async removeUnused(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#filling
    await destroyLinks(this.#waiting.splice(0).map(({ device }) => device))
    if (this.#asked > 0 || this.#used.size > 0 || this.#teamLinks.size > 0) return
    this.#taken.clear()
    this.#begun = undefined
    await destroyLinks([this.#nursery])
    await this.#inTurn(() => removeFirewall(this.#options.installation))
    await removeBlocks(this.#blocks)
  }

  /** As the ways of teams, and the machine's resolvers, are now. */
  async writeRules(): Promise<void> {
    if (this.#begun) await this.#inTurn(() => this.#write())
  }

  /** Makes no more; what waits is found by the next runtime. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await this.#filling
  }

  #begin(): Promise<void> {
    if (this.#begun) return this.#begun
    const begun = this.#inTurn(async () => {
      if (this.#blocks.length === 0) this.#blocks = [await claimBlock(this.#options, await freeNetworks())]
      // Rules first: no packet of a service is ever without them.
      await this.#write()
      await addBlocks(this.#blocks)
      await createNursery(this.#nursery)
      forwardFrom(uplink().device)
    })
    this.#begun = begun
    begun.catch(() => (this.#begun = undefined))
    return begun
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#rules.then(work)
    this.#rules = done.catch(() => {})
    return done
  }

  /** One more of a team that may not go everywhere; a team whose chain is missing, or is of another moment, gets all rules written anew. */
  async #limit(device: string): Promise<void> {
    const used = this.#used.get(device)
    if (!used || used.way !== undefined) return
    const way = this.#options.wayOf(used.team)
    const at = this.#ways.findIndex(
      (each) => each.team === used.team && JSON.stringify(each.way) === JSON.stringify(way),
    )
    if (at < 0) return this.#write()
    await addToWay(this.#options.installation, used.link.address, at)
    used.way = at
  }

  async #write(): Promise<void> {
    const { installation, gatewayPort, permitted, wayOf } = this.#options
    const inUse = [...this.#used.values()].map((used) => ({ used, team: used.team, address: used.link.address }))
    const all = [
      ...inUse,
      ...[...this.#teamLinks.values()].map(({ team, address }) => ({ used: undefined, team, address })),
    ]
    const teams = [...new Set(all.map(({ team }) => team))]
    const ways = teams.flatMap((team) => {
      const way = wayOf(team)
      return way.mode === 'all' ? [] : [{ team, way }]
    })
    await writeFirewall({
      installation,
      gatewayPort,
      permitted,
      blocks: this.#blocks,
      gateway: this.#gateway,
      resolvers: resolvers(),
      teamLinks: [...this.#teamLinks.values()],
      ways: ways.map(({ team, way }) => ({
        way,
        addresses: all.filter((each) => each.team === team).map(({ address }) => address),
      })),
    })
    this.#ways = ways
    for (const { used, team } of inUse) {
      const at = ways.findIndex((each) => each.team === team)
      used.way = at < 0 ? undefined : at
    }
  }

  #fillSoon(): void {
    clearTimeout(this.#timer)
    if (this.#closed || this.#waiting.length >= waiting) return
    this.#timer = setTimeout(() => {
      this.#filling ??= this.#fill().finally(() => (this.#filling = undefined))
    }, calmMs).unref()
  }

  async #fill(): Promise<void> {
    try {
      while (!this.#closed && this.#waiting.length < waiting) this.#waiting.push(await this.#make())
    } catch {
      // Seen by who needs one.
    }
  }

  async #make(): Promise<Link> {
    const index = await this.#nextIndex()
    const link = this.#linkAt(index)
    const { device, mtu } = uplink()
    try {
      forwardFrom(device)
      await createLink(link, { mtu, nursery: this.#nursery })
    } catch (error) {
      await destroyLinks([link.device])
      this.#taken.delete(index)
      throw error
    }
    return link
  }

  /** One after the other, so that an address is used again as late as can be. */
  async #nextIndex(): Promise<number> {
    const all = this.#blocks.length * blockSize
    for (let step = 1; step <= all; step++) {
      const index = (this.#last + step) % all
      // The first and last of each block are left out, and the gateway's.
      if (index % blockSize <= 1 || index % blockSize === blockSize - 1 || this.#taken.has(index)) continue
      this.#taken.add(index)
      this.#last = index
      return index
    }
    const block = await this.#inTurn(async () => {
      if (this.#blocks.length * blockSize > all) return
      this.#blocks.push(await claimBlock(this.#options, await freeNetworks()))
      await this.#write()
      await addBlocks(this.#blocks)
    })
    return block ?? this.#nextIndex()
  }

  /** Index 0 is no link's. */
  get #nursery(): string {
    return `${devicePrefix(this.#options.installation)}_0`
  }

  get #gateway(): string {
    return gatewayOf(this.#blocks)
  }

  #linkAt(index: number): Link {
    const device = `${devicePrefix(this.#options.installation)}_${index.toString(36)}`
    const block = this.#blocks[Math.floor(index / blockSize)] ?? ''
    return {
      device,
      namespace: namespaceOf(device),
      gateway: this.#gateway,
      address: asText(asNumber(block) + (index % blockSize)),
    }
  }

  #indexOf(device: string): number | undefined {
    const [prefix, text] = device.split('_')
    return prefix === devicePrefix(this.#options.installation) && text ? Number.parseInt(text, 36) : undefined
  }
}

/** Of an installation that is gone. */
export async function removeNetworks(installation: string): Promise<void> {
  await destroyLinks(devicesOf(installation))
  await removeFirewall(installation)
  await removeBlocks(await blocksOf(installation))
}

const gatewayOf = (blocks: readonly string[]): string => asText(asNumber(blocks[0] ?? '0.0.0.0') + 1)

/** The gateway's address is the machine's own, whichever links there are; what nobody has in a block leads nowhere, and shows others that it is taken. */
async function addBlocks(blocks: readonly string[]): Promise<void> {
  await batch([
    `addr replace ${gatewayOf(blocks)}/32 dev lo scope host`,
    ...blocks.map((block) => `route replace unreachable ${block}/${blockBits} metric ${lastMetric}`),
  ])
}

async function removeBlocks(blocks: readonly string[]): Promise<void> {
  if (blocks.length === 0) return
  await batch(
    [
      `addr del ${gatewayOf(blocks)}/32 dev lo`,
      ...blocks.map((block) => `route del unreachable ${block}/${blockBits} metric ${lastMetric}`),
    ],
    { mayFail: true },
  )
}
