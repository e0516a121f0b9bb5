import type { Service } from '../routes/entities.ts'

type Said = NonNullable<Service['deprecation']>

const texts = new WeakMap<Said, string[]>()

/**
 * What an answer of a deprecated service says of it: `Deprecation` (RFC 9745, a structured date), `Sunset` (RFC 8594, an HTTP
 * date), and a link to what replaces it (RFC 8288, RFC 5829 `successor-version`). A service that says so itself knows better.
 */
export function addDeprecation(headers: string[], said: Said): void {
  for (let i = 0; i < headers.length; i += 2) if ((headers[i] as string).toLowerCase() === 'deprecation') return
  let made = texts.get(said)
  if (made === undefined) texts.set(said, (made = textsOf(said)))
  headers.push(...made)
}

function textsOf({ at, sunset, replacement }: Said): string[] {
  return [
    'Deprecation',
    `@${Math.floor(at / 1000)}`,
    ...(sunset === null ? [] : ['Sunset', new Date(sunset).toUTCString()]),
    ...(replacement === null ? [] : ['Link', `</v1/${replacement}>; rel="successor-version"`]),
  ]
}
