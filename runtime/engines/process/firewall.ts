import type { Way } from '../engine.ts'
import { run } from './run.ts'

/** One team's end of the rules. */
export interface Link {
  /** Name of the host's end. */
  device: string
  gateway: string
  instance: string
  way: Way
}

export interface FirewallOptions {
  installation: string
  links: Link[]
  gatewayPort: number
  resolvers: string[]
  /** `address . port` of what the operator named although it is on a private address: a registry, a proxy. */
  permitted: { address: string; port: number }[]
}

/** All devices of an installation begin so; kernel names end at 15 characters. */
export const devicePrefix = (installation: string) => `m3${installation}`

/** Not for services: private, shared, link-local (cloud metadata is there), multicast, reserved (RFC 6890); last, Azure's own, which is public. */
const privateRanges =
  '0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.0.0.0/24, 192.168.0.0/16, 198.18.0.0/15, 224.0.0.0/3, 168.63.129.16'

/** Written as one transaction over what was there, so there is no moment without rules. */
export async function writeFirewall(options: FirewallOptions): Promise<void> {
  await run('nft', ['-f', '-'], { input: rules(options) })
  await passOtherFirewalls(options.installation)
}

export async function removeFirewall(installation: string): Promise<void> {
  await run('nft', ['delete', 'table', 'inet', table(installation)], { mayFail: true })
  for (const rule of otherFirewallRules(installation)) await run('iptables', ['-w', '-D', ...rule], { mayFail: true })
}

const table = (installation: string) => `m3o_${installation}`

/**
 * A rejection without `tcp reset` stalls a connection for a second, so TCP gets one each time.
 * Rules match our own devices only; everything else on the machine passes untouched.
 */
function rules({ installation, links, gatewayPort, resolvers, permitted }: FirewallOptions): string {
  const ours = `"${devicePrefix(installation)}*"`
  const set = (name: string, type: string, elements: string[]) =>
    `set ${name} { type ${type}; ${elements.length > 0 ? `elements = { ${elements.join(', ')} }` : ''} }`
  const reject = 'meta l4proto tcp reject with tcp reset\n    reject'
  const name = `inet ${table(installation)}`
  const limited = links.flatMap(({ device, way }) => (way.mode === 'all' ? [] : [{ device, way }]))
  const silent = links.filter(({ way }) => way.mode === 'none').map(({ device }) => `"${device}"`)
  return `table ${name}
delete table ${name}
table ${name} {
  ${set('gateways', 'ifname . ipv4_addr', links.map((link) => `"${link.device}" . ${link.gateway}`))}
  ${set('sources', 'ipv4_addr', links.map((link) => link.instance))}
  ${set('resolvers', 'ipv4_addr', resolvers)}
  ${set('permitted', 'ipv4_addr . inet_service', permitted.map(({ address, port }) => `${address} . ${port}`))}
  ${set('silent', 'ifname', silent)}
  ${limited.map(({ device, way }) => waysOut(device, way)).join('\n  ')}
  chain to_machine {
    type filter hook input priority -10; policy accept;
    iifname != ${ours} accept
    ct state established,related accept
    iifname . ip daddr @gateways tcp dport ${gatewayPort} accept
    iifname @silent jump refused
    ip daddr @resolvers meta l4proto { tcp, udp } th dport 53 accept
    ip daddr . tcp dport @permitted accept
    ${reject}
  }
  chain through_machine {
    type filter hook forward priority -10; policy accept;
    iifname != ${ours} oifname != ${ours} accept
    ${limited.map(({ device }) => `iifname "${device}" jump out_${device}`).join('\n    ')}
    ct state established,related accept
    iifname != ${ours} drop
    oifname ${ours} jump refused
    meta nfproto ipv6 jump refused
    ip daddr @resolvers meta l4proto { tcp, udp } th dport 53 accept
    ip daddr . tcp dport @permitted accept
    ip saddr != @sources jump refused
    ip daddr { ${privateRanges} } jump refused
  }
  chain refused {
    ${reject}
  }
  chain leaving {
    type nat hook postrouting priority 100; policy accept;
    ip saddr @sources oifname != ${ours} masquerade
  }
}
`
}

/**
 * Of a team that may not go everywhere. Asked before connections that are known, so that a rule that becomes narrower
 * holds for those that are open too. The operator's registry and proxy, and the resolver of names, are not the team's
 * choice; one that may go nowhere is given no names either, as they carry data out.
 */
function waysOut(device: string, way: Exclude<Way, { mode: 'all' }>): string {
  const networks = way.mode === 'none' ? [] : way.networks
  return `set to_${device} { type ipv4_addr; flags interval; auto-merge; ${networks.length > 0 ? `elements = { ${networks.join(', ')} }` : ''} }
  chain out_${device} {
    ip daddr . tcp dport @permitted return
    ${way.mode === 'none' ? '' : 'ip daddr @resolvers meta l4proto { tcp, udp } th dport 53 return'}
    ip daddr @to_${device} return
    jump refused
  }`
}

/**
 * Accepting in our table does not overrule another's drop: Docker drops what it does not know in FORWARD and keeps
 * DOCKER-USER for rules like these; others (ufw) drop in INPUT.
 */
async function passOtherFirewalls(installation: string): Promise<void> {
  for (const rule of otherFirewallRules(installation)) {
    const chain = rule[0] ?? ''
    const present = await run('iptables', ['-w', '-S', chain], { mayFail: true })
    const drops = chain === 'DOCKER-USER' || present.stdout.includes(`-P ${chain} DROP`)
    if (present.code !== 0 || !drops) continue
    const there = await run('iptables', ['-w', '-C', ...rule], { mayFail: true })
    if (there.code !== 0) await run('iptables', ['-w', '-I', ...rule], { mayFail: true })
  }
}

function otherFirewallRules(installation: string): string[][] {
  const ours = `${devicePrefix(installation)}+`
  return [
    ...['DOCKER-USER', 'FORWARD'].flatMap((chain) => [
      [chain, '-i', ours, '-j', 'ACCEPT'],
      [chain, '-o', ours, '-j', 'ACCEPT'],
    ]),
    ['INPUT', '-i', ours, '-j', 'ACCEPT'],
  ]
}
