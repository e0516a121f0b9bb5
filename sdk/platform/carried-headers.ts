import { carried } from '../context.ts'
import { currentState } from './carry-to-threads.ts'

/** The member of a call's baggage that says in which environment it runs; the gateway writes and reads it. */
const ours = 'm3o-env'

const textOf = (value: unknown): string =>
  Array.isArray(value) ? value.map(textOf).join(',') : typeof value === 'string' ? value : ''

/**
 * What a call that is made now has to say of the one being answered, given what the service itself put into it: that
 * stays, but for the hops, which are counted and not said.
 */
export function headersFor(own: (name: string) => unknown): [name: string, value: string][] {
  const inbound = currentState()?.headers
  if (!inbound) return []
  const headers: [string, string][] = []
  for (const name of carried) {
    const value = inbound[name]
    if (typeof value !== 'string') continue
    const there = own(name)
    if (there === undefined || name === 'm3o-hops') headers.push([name, value])
    else if (name === 'baggage') headers.push([name, mergeBaggage(value, textOf(there))])
  }
  return headers
}

/** The service's own members, and of the call's those that it says nothing else of (https://www.w3.org/TR/baggage/). */
export function mergeBaggage(inbound: string, own: string): string {
  const keys = new Set(own.split(',').map(keyOf))
  // It has passed on what it got, as tracing libraries do.
  if (keys.has(ours)) return own
  return [...inbound.split(',').filter((member) => !keys.has(keyOf(member))), ...own.split(',')]
    .map((member) => member.trim())
    .filter(Boolean)
    .join(',')
}

const keyOf = (member: string): string => (member.split('=', 1)[0] ?? '').trim()
