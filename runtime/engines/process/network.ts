import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { PlatformError } from '#contract/errors.ts'
import type { Way } from '../engine.ts'
import type { Link } from './firewall.ts'
import { devicePrefix, removeFirewall, writeFirewall } from './firewall.ts'
import type { Slot } from './registry.ts'
import { run } from './run.ts'

export interface TeamLink extends Omit<Link, 'way'> {
  team: string
  /** For `nsenter --net=`. */
  namespace: string
}

export interface NetworkOptions {
  installation: string
  gatewayPort: number
  /** Private addresses that services may reach all the same, as the operator's settings name them. */
  permitted: { address: string; port: number }[]
  wayOf: (teamId: string) => Way
}

/** A network namespace a team, joined to the machine by a pair of virtual devices (veth(4)). */
export class TeamNetworks {
  readonly #options: NetworkOptions
  readonly #links = new Map<number, TeamLink>()

  constructor(options: NetworkOptions) {
    this.#options = options
  }

  linkOf({ slot, gateway, team }: Slot): TeamLink {
    const device = `${devicePrefix(this.#options.installation)}${slot.toString(36)}`
    return { team, device, gateway, instance: nextAddress(gateway), namespace: `/run/netns/${device}` }
  }

  async ensure(slot: Slot): Promise<TeamLink> {
    const link = this.linkOf(slot)
    if (this.#links.has(slot.slot) && existsSync(link.namespace)) return link
    // Rules first: no packet of a team's is ever without them.
    this.#links.set(slot.slot, link)
    const uplink = await defaultRoute()
    await this.writeRules()
    if (!(await isComplete(link))) await this.#create(link, uplink)
    await forwardFrom(link.device, uplink.device)
    return link
  }

  /** Rules and links of teams that are in use; everything else of this installation goes. */
  async keep(slots: Slot[]): Promise<void> {
    const kept = new Set(slots.map((slot) => this.linkOf(slot).device))
    const prefix = devicePrefix(this.#options.installation)
    for (const [slot, link] of this.#links) if (!kept.has(link.device)) this.#links.delete(slot)
    const devices = [...list('/run/netns'), ...list('/sys/class/net')].filter((each) => each.startsWith(prefix) && !kept.has(each))
    for (const device of new Set(devices)) await destroy(device)
    if (kept.size === 0) await removeFirewall(this.#options.installation)
    else await this.writeRules()
  }

  async writeRules(): Promise<void> {
    const { installation, gatewayPort, permitted, wayOf } = this.#options
    if (this.#links.size === 0) return
    const links = [...this.#links.values()].map((link) => ({ ...link, way: wayOf(link.team) }))
    await writeFirewall({ installation, gatewayPort, permitted, links, resolvers: resolvers() })
  }

  async #create(link: TeamLink, uplink: { mtu: number }): Promise<void> {
    const { device, gateway, instance } = link
    await destroy(device)
    const namespace = device
    await run('ip', ['netns', 'add', namespace])
    // The uplink's packet size: a larger one is lost where "fragmentation needed" does not come back.
    const batch = [
      `link add ${device} mtu ${uplink.mtu} type veth peer name eth0 mtu ${uplink.mtu} netns ${namespace}`,
      `addr add ${gateway}/30 dev ${device}`,
      `link set ${device} up`,
    ]
    await run('ip', ['-batch', '-'], { input: `${batch.join('\n')}\n` })
    // IPv6 is off on the link, which leaves one family to guard; loopback keeps it.
    switchSetting(`/proc/sys/net/ipv6/conf/${device}/disable_ipv6`, '1')
    const inside = 'f=/proc/sys/net/ipv6/conf/eth0/disable_ipv6; if [ -e $f ]; then echo 1 >$f; fi; exec ip -batch -'
    const insideBatch = [`addr add ${instance}/30 dev eth0`, 'link set lo up', 'link set eth0 up', `route add default via ${gateway}`]
    await run('nsenter', [`--net=${link.namespace}`, 'sh', '-c', inside], { input: `${insideBatch.join('\n')}\n` })
  }
}

/** True where neither a route, an address nor a resolver of this machine lies in the network of four. */
export async function freeNetworks(): Promise<(gateway: string) => boolean> {
  const { stdout } = await run('ip', ['-4', '-o', 'route', 'show', 'table', 'all'], { mayFail: true })
  const taken = stdout.split('\n').flatMap((line) => {
    const text = line.replace(/^(local|broadcast|unreachable|blackhole|prohibit|throw|multicast|anycast) /, '').split(' ')[0] ?? ''
    const [address = '', bits = '32'] = text.split('/')
    return /^\d+(\.\d+){3}$/.test(address) ? [{ from: asNumber(address), size: 2 ** (32 - Number(bits)) }] : []
  })
  for (const address of resolvers()) taken.push({ from: asNumber(address), size: 1 })
  return (gateway) => {
    const from = asNumber(gateway) - 1
    return taken.every((each) => from + 4 <= each.from || from >= each.from + each.size)
  }
}

/** IPv4 resolvers that a namespace can reach: not those on the machine's own loopback. */
export function resolvers(): string[] {
  for (const file of ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf']) {
    if (!existsSync(file)) continue
    const found = [...readFileSync(file, 'utf8').matchAll(/^\s*nameserver\s+(\d+\.\d+\.\d+\.\d+)\s*$/gm)].map((match) => match[1] ?? '')
    const reachable = found.filter((address) => !address.startsWith('127.'))
    if (reachable.length > 0) return [...new Set(reachable)]
  }
  return []
}

async function defaultRoute(): Promise<{ device: string | undefined; mtu: number }> {
  const { stdout } = await run('ip', ['-4', '-o', 'route', 'show', 'default'], { mayFail: true })
  const device = /\bdev (\S+)/.exec(stdout)?.[1]
  const mtu = device ? Number(readFileSync(`/sys/class/net/${device}/mtu`, 'utf8')) : 1500
  return { device, mtu }
}

async function isComplete({ device, namespace, instance, gateway }: TeamLink): Promise<boolean> {
  if (!existsSync(namespace) || !existsSync(`/sys/class/net/${device}`)) return false
  const inside = await run('nsenter', [`--net=${namespace}`, 'sh', '-c', 'ip -o addr; ip route'], { mayFail: true })
  const outside = await run('ip', ['-o', 'addr', 'show', 'dev', device], { mayFail: true })
  return inside.stdout.includes(`${instance}/30`) && inside.stdout.includes(`default via ${gateway}`) && outside.stdout.includes(`${gateway}/30`)
}

/**
 * The kernel forwards what arrives at a device that says so. Ours go with their devices; the uplink stays on, as
 * after Docker and libvirt, since nobody can know who else has come to rely on it.
 */
async function forwardFrom(...devices: (string | undefined)[]): Promise<void> {
  for (const device of devices) if (device) switchSetting(`/proc/sys/net/ipv4/conf/${device}/forwarding`, '1')
}

function switchSetting(path: string, value: string): void {
  if (!existsSync(path) || readFileSync(path, 'utf8').trim() === value) return
  try {
    writeFileSync(path, value)
  } catch (cause) {
    throw new PlatformError('unavailable', `the kernel's setting ${path} cannot be changed`, {}, { cause })
  }
}

async function destroy(device: string): Promise<void> {
  if (existsSync(`/sys/class/net/${device}`)) await run('ip', ['link', 'delete', device], { mayFail: true })
  if (existsSync(`/run/netns/${device}`)) await run('ip', ['netns', 'delete', device], { mayFail: true })
}

const list = (folder: string) => (existsSync(folder) ? readdirSync(folder) : [])
const asNumber = (address: string) => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
const nextAddress = (address: string) => address.replace(/\d+$/, (last) => String(Number(last) + 1))
