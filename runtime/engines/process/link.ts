import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { PlatformError } from '#contract/errors.ts'
import { asNumber } from './address.ts'
import { waitUntil } from './placed.ts'
import { run } from './run.ts'

/** A network namespace, joined to the machine by a pair of virtual devices (veth(4)). */
export interface Link {
  /** Name of the namespace, and of the host's device. */
  device: string
  /** For `nsenter --net=`. */
  namespace: string
  /** Where its instances reach the gateway. */
  gateway: string
  /** Where its instances are reached. */
  address: string
}

/** All devices of an installation begin so; kernel names end at 15 characters. */
export const devicePrefix = (installation: string) => `m3${installation}`

export const namespaceOf = (device: string) => `/run/netns/${device}`

/** Ours on either side of each link: with fixed ones nobody needs to ask for them (ARP), and the machine's table of neighbours, which ends at 1,024, stays empty. */
const hardware = { machine: '02:00:00:00:00:01', inside: '02:00:00:00:00:02' }

/**
 * A namespace with nothing in it, from within which others are made: they get small tables of connections of their own (ip-sysctl:
 * tcp_child_ehash_entries, Linux 6.1), and what listens in them is read in a tenth of a millisecond. Reading it of a namespace that
 * shares the machine's table takes 8 ms where that has 262,144 entries. Older kernels go on sharing it.
 */
export async function createNursery(name: string): Promise<void> {
  if (!existsSync(namespaceOf(name))) await run('ip', ['netns', 'add', name])
  const setting = '/proc/sys/net/ipv4/tcp_child_ehash_entries'
  await run(
    'nsenter',
    [`--net=${namespaceOf(name)}`, 'sh', '-c', `if [ -e ${setting} ]; then echo ${connections} >${setting}; fi`],
    { mayFail: true },
  )
}

/** Buckets, which may hold more than one each. */
const connections = 512

/** @param nursery made by {@link createNursery} */
export async function createLink(
  { device, namespace, gateway, address }: Link,
  { mtu, nursery }: { mtu: number; nursery: string },
): Promise<void> {
  const within = existsSync(namespaceOf(nursery)) ? [`--net=${namespaceOf(nursery)}`] : []
  await run('nsenter', [...within, 'ip', 'netns', 'add', device])
  // The uplink's packet size: a larger one is lost where "fragmentation needed" does not come back.
  await batch([
    `link add ${device} address ${hardware.machine} mtu ${mtu} type veth peer name eth0 address ${hardware.inside} mtu ${mtu} netns ${device}`,
    `link set ${device} up`,
    `neigh replace ${address} lladdr ${hardware.inside} dev ${device} nud permanent`,
    `route replace ${address}/32 dev ${device} src ${gateway}`,
  ])
  // IPv6 is off on the link, before its other end is up, which leaves one family to guard; loopback keeps it.
  switchSetting(`/proc/sys/net/ipv6/conf/${device}/disable_ipv6`, '1')
  // What arrives with the address of another link is dropped.
  switchSetting(`/proc/sys/net/ipv4/conf/${device}/rp_filter`, '1')
  forwardFrom(device)
  const inside = 'f=/proc/sys/net/ipv6/conf/eth0/disable_ipv6; if [ -e $f ]; then echo 1 >$f; fi; exec ip -batch -'
  const lines = [
    `addr add ${address}/32 dev eth0`,
    'link set lo up',
    'link set eth0 up',
    `neigh replace ${gateway} lladdr ${hardware.machine} dev eth0 nud permanent`,
    `route add ${gateway}/32 dev eth0`,
    `route add default via ${gateway} dev eth0`,
  ]
  await run('nsenter', [`--net=${namespace}`, 'sh', '-c', inside], { input: `${lines.join('\n')}\n` })
}

export const isThere = ({ device, namespace }: Pick<Link, 'device' | 'namespace'>): boolean =>
  existsSync(namespace) && existsSync(`/sys/class/net/${device}`)

/** The kernel takes the devices of many namespaces down together, a moment after the namespaces; of one that something still runs in, not. */
export async function destroyLinks(devices: readonly string[]): Promise<void> {
  if (devices.length === 0) return
  const namespaces = devices.filter((device) => existsSync(namespaceOf(device)))
  await batch(
    namespaces.map((device) => `netns delete ${device}`),
    { mayFail: true },
  )
  const left = () => devices.filter((device) => existsSync(`/sys/class/net/${device}`))
  await waitUntil(() => left().length === 0, performance.now() + 2_000)
  await batch(
    left().map((device) => `link delete ${device}`),
    { mayFail: true },
  )
}

/** Of namespaces and devices of an installation, whatever became of the other half. */
export function devicesOf(installation: string): string[] {
  const prefix = devicePrefix(installation)
  return [
    ...new Set(['/run/netns', '/sys/class/net'].flatMap((folder) => (existsSync(folder) ? readdirSync(folder) : []))),
  ].filter((name) => name.startsWith(prefix))
}

export async function batch(lines: readonly string[], { mayFail = false } = {}): Promise<void> {
  if (lines.length > 0)
    await run('ip', [...(mayFail ? ['-force'] : []), '-batch', '-'], { input: `${lines.join('\n')}\n`, mayFail })
}

/** True where neither a route, an address nor a resolver of this machine lies in the network. */
export async function freeNetworks(): Promise<(network: string, size: number) => boolean> {
  const { stdout } = await run('ip', ['-4', '-o', 'route', 'show', 'table', 'all'], { mayFail: true })
  const taken = stdout.split('\n').flatMap((line) => {
    const text =
      line.replace(/^(local|broadcast|unreachable|blackhole|prohibit|throw|multicast|anycast) /, '').split(' ')[0] ?? ''
    const [address = '', bits = '32'] = text.split('/')
    return /^\d+(\.\d+){3}$/.test(address) ? [{ from: asNumber(address), size: 2 ** (32 - Number(bits)) }] : []
  })
  for (const address of resolvers()) taken.push({ from: asNumber(address), size: 1 })
  return (network, size) => {
    const from = asNumber(network)
    return taken.every((each) => from + size <= each.from || from >= each.from + each.size)
  }
}

/** IPv4 resolvers that a namespace can reach: not those on the machine's own loopback. */
export function resolvers(): string[] {
  for (const file of ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf']) {
    if (!existsSync(file)) continue
    const found = [...readFileSync(file, 'utf8').matchAll(/^\s*nameserver\s+(\d+\.\d+\.\d+\.\d+)\s*$/gm)].map(
      (match) => match[1] ?? '',
    )
    const reachable = found.filter((address) => !address.startsWith('127.'))
    if (reachable.length > 0) return [...new Set(reachable)]
  }
  return []
}

/** The device of the default route with the lowest metric (proc_net(5), route), and its packet size. */
export function uplink(): { device: string | undefined; mtu: number } {
  const routes = readFileSync('/proc/net/route', 'utf8')
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t'))
  const defaults = routes
    .filter((fields) => fields[1] === '00000000' && fields[7] === '00000000')
    .sort((one, other) => Number(one[6]) - Number(other[6]))
  const device = defaults[0]?.[0]
  return { device, mtu: device === undefined ? 1500 : Number(readFileSync(`/sys/class/net/${device}/mtu`, 'utf8')) }
}

/**
 * The kernel forwards what arrives at a device that says so. Ours go with their devices; the uplink stays on, as
 * after Docker and libvirt, since nobody can know who else has come to rely on it.
 */
export function forwardFrom(device: string | undefined): void {
  if (device !== undefined) switchSetting(`/proc/sys/net/ipv4/conf/${device}/forwarding`, '1')
}

function switchSetting(path: string, value: string): void {
  if (!existsSync(path) || readFileSync(path, 'utf8').trim() === value) return
  try {
    writeFileSync(path, value)
  } catch (cause) {
    throw new PlatformError('unavailable', `the kernel's setting ${path} cannot be changed`, {}, { cause })
  }
}
