import type { Way } from '../engine.ts'
import { devicePrefix } from './link.ts'
import { blockBits } from './registry.ts'
import { run } from './run.ts'

/** A network of a team, as earlier versions made it: instances that were started then keep it until they end. */
export interface TeamLink {
  device: string
  gateway: string
  address: string
}

export interface FirewallOptions {
  installation: string
  /** First addresses of the installation's blocks. */
  blocks: readonly string[]
  gateway: string
  gatewayPort: number
  resolvers: readonly string[]
  /** `address . port` of what the operator named although it is on a private address: a registry, a proxy. */
  permitted: readonly { address: string; port: number }[]
  teamLinks: readonly TeamLink[]
  /** Of teams that may not go everywhere, with the addresses of what runs of theirs. */
  ways: readonly { way: Limited; addresses: readonly string[] }[]
}

export type Limited = Exclude<Way, { mode: 'all' }>

/** Not for services: private, shared, link-local (cloud metadata is there), multicast, reserved (RFC 6890); last, Azure's own, which is public. */
const privateRanges =
  '0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.0.0.0/24, 192.168.0.0/16, 198.18.0.0/15, 224.0.0.0/3, 168.63.129.16'

/** Written as one transaction over what was there, so there is no moment without rules. */
export async function writeFirewall(options: FirewallOptions): Promise<void> {
  await run('nft', ['-f', '-'], { input: rules(options) })
  await passOtherFirewalls(options.installation)
}

/** One more address of a team that has chain `at` of {@link FirewallOptions.ways}. */
export async function addToWay(installation: string, address: string, at: number): Promise<void> {
  await run('nft', ['add', 'element', 'inet', table(installation), 'ways', `{ ${address} : jump out_${at} }`])
}

/** @param at the same as when it was added; nothing happens when the rules have been written without it since */
export async function removeFromWay(installation: string, address: string, at: number): Promise<void> {
  await run('nft', ['delete', 'element', 'inet', table(installation), 'ways', `{ ${address} : jump out_${at} }`], {
    mayFail: true,
  })
}

export async function removeFirewall(installation: string): Promise<void> {
  await run('nft', ['delete', 'table', 'inet', table(installation)], { mayFail: true })
  for (const rule of otherFirewallRules(installation)) await run('iptables', ['-w', '-D', ...rule], { mayFail: true })
}

const table = (installation: string) => `m3o_${installation}`

/**
 * Nothing passes between two of our links, and from a link to the machine only to the gateway; so a new link needs no rule of its
 * own, unless its team may not go everywhere. A rejection without `tcp reset` stalls a connection for a second, so TCP gets one
 * each time. Rules match our own devices and addresses only; everything else on the machine passes untouched.
 */
function rules({
  installation,
  blocks,
  gateway,
  gatewayPort,
  resolvers,
  permitted,
  teamLinks,
  ways,
}: FirewallOptions): string {
  const ours = `"${devicePrefix(installation)}*"`
  const networks = blocks.map((block) => `${block}/${blockBits}`)
  const set = (name: string, type: string, elements: readonly string[]) =>
    `set ${name} { type ${type}; ${elements.length > 0 ? `elements = { ${elements.join(', ')} }` : ''} }`
  const reject = 'meta l4proto tcp reject with tcp reset\n    reject'
  const name = `inet ${table(installation)}`
  const jumps = ways.flatMap(({ addresses }, index) => addresses.map((address) => `${address} : jump out_${index}`))
  return `table ${name}
delete table ${name}
table ${name} {
  ${set('resolvers', 'ipv4_addr', resolvers)}
  ${set(
    'permitted',
    'ipv4_addr . inet_service',
    permitted.map(({ address, port }) => `${address} . ${port}`),
  )}
  ${set('sources', 'ipv4_addr; flags interval', [...networks, ...teamLinks.map(({ address }) => address)])}
  ${set(
    'team_gateways',
    'ifname . ipv4_addr',
    teamLinks.map((link) => `"${link.device}" . ${link.gateway}`),
  )}
  ${ways.map(({ way }, index) => waysOut(index, way)).join('\n  ')}
  map ways { type ipv4_addr : verdict; ${jumps.length > 0 ? `elements = { ${jumps.join(', ')} }` : ''} }
  chain to_machine {
    type filter hook input priority -10; policy accept;
    iifname "lo" accept
    iifname != ${ours} ip daddr @sources drop
    iifname != ${ours} accept
    ct state established,related accept
    ip daddr ${gateway} tcp dport ${gatewayPort} accept
    iifname . ip daddr @team_gateways tcp dport ${gatewayPort} accept
    ip saddr vmap @ways
    ip daddr @resolvers meta l4proto { tcp, udp } th dport 53 accept
    ip daddr . tcp dport @permitted accept
    ${reject}
  }
  chain from_machine {
    type filter hook output priority -10; policy accept;
    oifname ${ours} ct state new meta skuid != 0 jump refused
  }
  chain through_machine {
    type filter hook forward priority -10; policy accept;
    iifname != ${ours} oifname != ${ours} accept
    iifname ${ours} ip saddr vmap @ways
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
    ip saddr @sources oifname != ${ours} oifname != "lo" masquerade
  }
}
`
}

/**
 * Of a team that may not go everywhere. Asked before connections that are known, so that a rule that becomes narrower
 * holds for those that are open too. The operator's registry and proxy, and the resolver of names, are not the team's
 * choice; one that may go nowhere is given no names either, as they carry data out.
 */
function waysOut(index: number, way: Limited): string {
  const networks = way.mode === 'none' ? [] : way.networks
  return `set to_${index} { type ipv4_addr; flags interval; auto-merge; ${networks.length > 0 ? `elements = { ${networks.join(', ')} }` : ''} }
  chain out_${index} {
    ip daddr . tcp dport @permitted return
    ${way.mode === 'none' ? '' : 'ip daddr @resolvers meta l4proto { tcp, udp } th dport 53 return'}
    ip daddr @to_${index} return
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
