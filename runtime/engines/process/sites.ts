import type { Addresses, Site } from '../engine.ts'
import type { TeamLink } from './firewall.ts'
import type { Link } from './link.ts'
import { devicePrefix } from './link.ts'
import type { Networks } from './networks.ts'
import type { InstanceRecord } from './record.ts'
import { asNumber, asText } from './address.ts'
import { slotsOf } from './registry.ts'

/** A service that is started again, or deployed again, a moment after its last instance ended gets what that had. */
const lingerMs = 5_000
/** What was prepared is used within moments, unless it cannot be started. */
const preparedMs = 60_000

interface Entry {
  link: Promise<Link>
  users: Set<string>
  timer: NodeJS.Timeout | undefined
  /** Kept until then, of `performance.now()`. */
  until: number
}

export interface Network extends Addresses {
  /** Undefined where services share the machine's. */
  namespace: string | undefined
}

const machine: Network = { gatewayAddress: '127.0.0.1', instanceAddress: '127.0.0.1', namespace: undefined }

/** A network for each site: its instances share it, whatever their revision, and nothing else is in it. */
export class Sites {
  readonly #networks: Networks | undefined
  readonly #entries = new Map<string, Entry>()
  /** Instances, and where they run. */
  readonly #keys = new Map<string, string>()
  readonly #ending = new Set<Promise<void>>()

  constructor(networks: Networks | undefined) {
    this.#networks = networks
  }

  /** Of what an earlier runtime left running. */
  async adopt(installation: string, records: readonly InstanceRecord[]): Promise<void> {
    if (!this.#networks) return
    const slots = new Map((await slotsOf(installation)).map((slot) => [slot.team, slot]))
    const found = records.flatMap((record) => {
      const device = record.namespace?.split('/').at(-1)
      if (device === undefined) return []
      const gateway = device.startsWith(`${devicePrefix(installation)}_`)
        ? undefined
        : slots.get(record.teamId)?.gateway
      const teamLink: TeamLink | undefined =
        gateway === undefined ? undefined : { device, gateway, address: asText(asNumber(gateway) + 1) }
      if (record.placement) record.placement.gatewayAddress ??= gateway ?? machine.gatewayAddress
      return [{ device, team: record.teamId, teamLink, record }]
    })
    const links = await this.#networks.adopt(found)
    for (const { device, teamLink, record } of found) {
      const link = links.get(device)
      const key = teamLink
        ? device
        : record.placement?.job
          ? jobKey(record.id)
          : record.placement
            ? siteKey(record.placement)
            : device
      this.#keys.set(record.id, key)
      const users = this.#entries.get(key)?.users ?? new Set()
      users.add(record.id)
      if (link || teamLink)
        this.#entries.set(key, {
          link: Promise.resolve(link ?? { device, namespace: '', gateway: '', address: '' }),
          users,
          timer: undefined,
          until: 0,
        })
    }
  }

  /** Kept for a while for what is about to be started there. */
  async prepare(site: Site): Promise<Network> {
    if (!this.#networks) return machine
    const entry = this.#entry(siteKey(site), site.teamId)
    this.#linger(siteKey(site), entry, preparedMs)
    return networkOf(await entry.link)
  }

  /** A job has one of its own. */
  async take(id: string, site: Site, { job }: { job: boolean }): Promise<Network> {
    if (!this.#networks) return machine
    const key = job ? jobKey(id) : siteKey(site)
    const entry = this.#entry(key, site.teamId)
    clearTimeout(entry.timer)
    entry.until = 0
    entry.users.add(id)
    this.#keys.set(id, key)
    return networkOf(await entry.link)
  }

  leave(id: string): void {
    const key = this.#keys.get(id)
    const entry = key === undefined ? undefined : this.#entries.get(key)
    this.#keys.delete(id)
    entry?.users.delete(id)
    if (key !== undefined && entry?.users.size === 0) this.#linger(key, entry, key === jobKey(id) ? 0 : lingerMs)
  }

  async removeUnused(): Promise<void> {
    for (const [key, entry] of this.#entries) if (entry.users.size === 0) this.#free(key, entry)
    await Promise.all(this.#ending)
    await this.#networks?.removeUnused()
  }

  async close(): Promise<void> {
    for (const { timer } of this.#entries.values()) clearTimeout(timer)
    await Promise.all(this.#ending)
    await this.#networks?.close()
  }

  #entry(key: string, team: string): Entry {
    const known = this.#entries.get(key)
    if (known) return known
    if (!this.#networks) throw new Error('there are no networks')
    const entry: Entry = { link: this.#networks.take(team), users: new Set(), timer: undefined, until: 0 }
    this.#entries.set(key, entry)
    entry.link.catch(() => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key)
    })
    return entry
  }

  #linger(key: string, entry: Entry, ms: number): void {
    clearTimeout(entry.timer)
    entry.until = Math.max(entry.until, performance.now() + ms)
    if (entry.users.size > 0) return
    entry.timer = setTimeout(() => this.#free(key, entry), Math.max(0, entry.until - performance.now())).unref()
  }

  #free(key: string, entry: Entry): void {
    clearTimeout(entry.timer)
    if (entry.users.size > 0 || this.#entries.get(key) !== entry) return
    this.#entries.delete(key)
    const isTeamLink = !key.includes('/')
    const ending: Promise<void> = entry.link
      .then((link) => (isTeamLink ? this.#networks?.freeTeamLink(link.device) : this.#networks?.free(link)))
      .catch(() => {}) // what cannot be removed now is found by the next runtime
      .finally(() => this.#ending.delete(ending))
    this.#ending.add(ending)
  }
}

const networkOf = ({ gateway, address, namespace }: Link): Network => ({
  gatewayAddress: gateway,
  instanceAddress: address,
  namespace,
})

const siteKey = ({ environmentId, serviceId }: Pick<Site, 'environmentId' | 'serviceId'>) =>
  `${environmentId}/${serviceId}`
const jobKey = (id: string) => `job/${id}`
