import { Misuse } from './misuse.ts'
import { PlatformError } from '#contract/errors.ts'

/**
 * An environment of whichever platform one is logged in to, as people write it:
 *
 *     alice                            here, on the platform and in the team that are chosen
 *     prod.example.com/alice           there, in the team that is chosen there
 *     prod.example.com/shop/alice      there, in the team `shop`
 *     prod.example.com/                there, in what was chosen last
 *
 * A platform is called by its URL, by its host (and port), by as much of the host's beginning as no other has (`prod`), and
 * the one of this machine `laptop`. Names of teams and environments hold neither dots nor colons, so nothing is mistaken.
 */
export interface Address {
  url?: string
  team?: string
  environment?: string
}

/** What a platform is called in lists and remarks: its host and port; its whole URL where another one has the same. */
export function labelOf(url: string, urls: readonly string[]): string {
  const short = shortOf(url)
  return urls.some((other) => other !== url && shortOf(other) === short) ? url : short
}

/** What it is called for short: `laptop`, or without its port, where that can be no other. */
export function spokenOf(url: string, urls: readonly string[]): string {
  const label = labelOf(url, urls)
  const short = [...(isHere(url) ? ['laptop'] : []), ...(label === url ? [] : [label.replace(/:\d+(?=\/|$)/, '')])]
  return (
    short.find(
      (name) => !name.includes('/') && candidates(name, urls).length === 1 && candidates(name, urls)[0] === url,
    ) ?? label
  )
}

/** An address that leads there from anywhere. */
export function addressOf(
  url: string,
  urls: readonly string[],
  { team, environment }: { team?: string | undefined; environment: string },
): string {
  return [spokenOf(url, urls), ...(team === undefined ? [] : [team]), environment].join('/')
}

/** @throws Misuse when it could be several, PlatformError `not_found` when it is none of `urls` */
export function parseAddress(text: string, urls: readonly string[]): Address {
  const named = urls
    .flatMap((url) => [url, labelOf(url, urls)].map((name) => ({ url, name })))
    .filter(({ name }) => text === name || text.startsWith(`${name}/`))
    .sort((a, b) => b.name.length - a.name.length)[0]
  if (named !== undefined) return { url: named.url, ...placeOf(text, text.slice(named.name.length + 1)) }
  if (text.includes('://')) throw unknownPlatform(text, urls)
  const slash = text.indexOf('/')
  if (slash === -1 && !/[.:]/.test(text)) return { environment: text }
  const [name, rest] = slash === -1 ? [text, ''] : [text.slice(0, slash), text.slice(slash + 1)]
  return { url: platformCalled(name, urls), ...placeOf(text, rest) }
}

/** Whether it is the platform of this machine. */
export function isHere(url: string): boolean {
  const { hostname } = new URL(url)
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname)
}

const shortOf = (url: string): string => url.replace(/^https?:\/\//, '')

/** By the beginning of its name, up to a dot, a colon or a slash. */
export function platformCalled(name: string, urls: readonly string[]): string {
  const found = candidates(name, urls)
  const [only, ...more] = found
  if (only === undefined) throw unknownPlatform(name, urls)
  if (more.length > 0)
    throw new Misuse(
      `${name} is ambiguous: it matches ${found.map((url) => labelOf(url, urls)).join(' and ')}`,
      'Give a longer part of the address.',
    )
  return only
}

function candidates(name: string, urls: readonly string[]): string[] {
  const found = urls.filter(
    (url) => shortOf(url).startsWith(name) && /^([.:/]|$)/.test(shortOf(url).slice(name.length)),
  )
  return found.length === 0 && name === 'laptop' ? urls.filter(isHere) : found
}

function placeOf(text: string, rest: string): Pick<Address, 'team' | 'environment'> {
  const parts = rest.split('/').filter((part, at, all) => part !== '' || at < all.length - 1)
  const [first, second, ...more] = parts
  if (more.length > 0 || first === '')
    throw new Misuse(`invalid environment address: ${text}`, 'Write PLATFORM/ENVIRONMENT or PLATFORM/TEAM/ENVIRONMENT.')
  if (first === undefined) return {}
  return second === undefined ? { environment: first } : { team: first, environment: second }
}

function unknownPlatform(name: string, urls: readonly string[]): PlatformError {
  return new PlatformError('not_found', `you are not logged in to a platform named ${name}`, {
    fix: `Log in: m3o login --url ${name.includes('://') ? name : `https://${name}`}. ${urls.length === 0 ? '' : `You are logged in to ${urls.map((url) => labelOf(url, urls)).join(', ')}.`}`.trim(),
  })
}
