import { z } from 'zod'

/**
 * Where a team's services and builds may go outside of the platform: everywhere public, to what is listed, or nowhere.
 * The gateway, and so other services, they always reach; private addresses and the machine's own never.
 */
const hostName = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$/
const network = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:\/(\d{1,2}))?$/

/** A network in CIDR notation or an address; undefined when it is none. Bits of the host are cut off. */
export function parseNetwork(text: string): { from: number; bits: number } | undefined {
  const parts = network
    .exec(text)
    ?.slice(1)
    .map((part) => (part === undefined ? 32 : Number(part)))
  if (parts === undefined) return undefined
  const [a = 0, b = 0, c = 0, d = 0, bits = 32] = parts
  if (bits > 32 || [a, b, c, d].some((part) => part > 255)) return undefined
  const address = ((a * 256 + b) * 256 + c) * 256 + d
  return { from: address - (address % 2 ** (32 - bits)), bits }
}

const entry = z
  .string()
  .trim()
  .toLowerCase()
  .refine((text) => parseNetwork(text) !== undefined || (hostName.test(text) && !/^[\d.]+$/.test(text)), {
    error: ({ input }) =>
      `${JSON.stringify(String(input).slice(0, 80))} is not a host (api.example.com) or a network (203.0.113.0/24)`,
  })

export const egress = z.discriminatedUnion('mode', [
  z.object({ mode: z.literal('all') }),
  z.object({ mode: z.literal('none') }),
  z.object({
    mode: z.literal('listed'),
    hosts: z.array(entry).min(1, 'list at least one host or network').max(64, 'list at most 64 hosts and networks'),
  }),
])
export type Egress = z.infer<typeof egress>

/** As people write it, in `M3O_EGRESS` and on the command line: all, none, or hosts and networks. @throws ZodError */
export function parseEgress(words: readonly string[]): Egress {
  const given = words
    .flatMap((word) => word.split(','))
    .map((word) => word.trim())
    .filter(Boolean)
  const [only] = given
  if (given.length === 1 && (only === 'all' || only === 'none')) return { mode: only }
  return egress.parse({ mode: 'listed', hosts: given })
}

export const egressText = (rule: Egress): string => (rule.mode === 'listed' ? rule.hosts.join(', ') : rule.mode)

/** What of a team's rule the operator's does not allow; empty when it is within it. */
export function beyond(rule: Egress, most: Egress): string[] {
  if (most.mode === 'all' || rule.mode === 'none') return []
  if (most.mode === 'none' || rule.mode === 'all') return [egressText(rule)]
  return rule.hosts.filter((host) => !most.hosts.some((allowed) => allowed === host || contains(allowed, host)))
}

function contains(outer: string, inner: string): boolean {
  const [a, b] = [parseNetwork(outer), parseNetwork(inner)]
  return a !== undefined && b !== undefined && a.bits <= b.bits && b.from - (b.from % 2 ** (32 - a.bits)) === a.from
}

/** Both hold. A rule that was made before the operator's became narrower keeps what is left of it. */
export function narrowed(rule: Egress, most: Egress): Egress {
  if (most.mode === 'all' || rule.mode === 'none') return rule
  if (most.mode === 'none') return most
  if (rule.mode === 'all') return most
  const hosts = rule.hosts.filter((host) => beyond({ mode: 'listed', hosts: [host] }, most).length === 0)
  return hosts.length === 0 ? { mode: 'none' } : { mode: 'listed', hosts }
}
