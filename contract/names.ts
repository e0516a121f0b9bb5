import { z } from 'zod'

/**
 * Names that people give. A label `{service}--{environment}--{team}` is a DNS label, so it must fit in 63 characters
 * and a name can hold no `--` (RFC 1035 §2.3.1; `xn--` belongs to RFC 5890).
 */
const shape = /^[a-z](-?[a-z0-9])*$/

const limits = { service: 24, environment: 16, team: 19 } as const
export type Named = keyof typeof limits

/** First path segments of the console and of the gateway, which no team may be called. */
export const reservedNames: ReadonlySet<string> = new Set([
  'xn',
  'api',
  'app',
  'auth',
  'cli',
  'docs',
  'git',
  'handover',
  'health',
  'help',
  'invite',
  'live',
  'login',
  'logout',
  'metrics',
  'new',
  'next',
  'platform',
  'public',
  'setup',
  'settings',
  'sign-in',
  'sign-out',
  'sign-up',
  'static',
  'team',
  'teams',
  'upload',
  'v1',
  'www',
])

function name(kind: Named) {
  const max = limits[kind]
  return z
    .string()
    .max(max, `${article(kind)}'s name has at most ${max} characters`)
    .regex(shape, `${article(kind)}'s name is lower-case letters, digits and single dashes, and begins with a letter`)
    .refine((value) => !reservedNames.has(value), `this name is reserved by the platform`)
}

function article(kind: Named): string {
  return kind === 'environment' ? `an ${kind}` : `a ${kind}`
}

export const serviceName = name('service')
/** Names of branches: production's, and the folder of those that previews show. */
const branchNames: ReadonlySet<string> = new Set(['main', 'preview'])
export const environmentName = name('environment').refine(
  (value) => !branchNames.has(value),
  'this name is reserved for a branch',
)
export const teamName = name('team')

/** Host label of a service: production is left out, as most calls are to it. */
export function hostLabel(at: { service: string; environment: string; team: string }): string {
  return at.environment === 'production' ? `${at.service}--${at.team}` : `${at.service}--${at.environment}--${at.team}`
}

/** The inverse of {@link hostLabel}; undefined when the label is not of that form. */
export function parseHostLabel(label: string): { service: string; environment: string; team: string } | undefined {
  const parts = label.split('--')
  if (parts.some((part) => !shape.test(part))) return undefined
  const [service, second, third] = parts
  if (service === undefined || second === undefined || parts.length > 3) return undefined
  return third === undefined
    ? { service, environment: 'production', team: second }
    : { service, environment: second, team: third }
}

/** A person's text turned into the nearest valid name, or undefined when nothing is left of it. */
export function suggestName(text: string, kind: Named): string | undefined {
  const cut = text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, limits[kind])
    .replace(/-+$/, '')
  return shape.test(cut) && !reservedNames.has(cut) && !(kind === 'environment' && branchNames.has(cut))
    ? cut
    : undefined
}
