import { z } from 'zod'
import { maxComparisonSteps, maxEndpointSteps } from './bounds.ts'
import { compareSchemas, type Say } from './compare-schemas.ts'
import type { Endpoint } from './endpoints.ts'
import { BeyondBound, Meter } from './schema-view.ts'

/**
 * What a change of a service's endpoints means for those who call them. What a caller sends must go on being taken, what
 * it gets must go on being what it expects: anything that need not hold any more is told, and said to break.
 */
export const endpointChange = z.object({
  endpoint: z.string(),
  /** `unchecked`: its schemas are too large to be compared; what is told of it besides is true, but not all there is. */
  kind: z.enum([
    'removed',
    'added',
    'required',
    'narrowed',
    'missing',
    'widened',
    'type',
    'call',
    'field',
    'ignored',
    'unchecked',
  ]),
  /** `request.address.city`, `response.items[]`; the empty string: the endpoint itself. */
  at: z.string(),
  breaking: z.boolean(),
  /** A sentence's end: `the response no longer has total`. */
  message: z.string(),
})
export type EndpointChange = z.infer<typeof endpointChange>

const mostChanges = 200

/** Tells how many steps a comparison took. */
export interface Effort {
  steps: number
}

/**
 * In the order of the endpoints before; what is new comes last. Nothing when there was none before. It takes at most
 * {@link maxComparisonSteps}, whatever the schemas are: they come from a service.
 */
export function compareEndpoints(
  before: readonly Endpoint[],
  after: readonly Endpoint[],
  effort: Effort = { steps: 0 },
): EndpointChange[] {
  if (before.length === 0) return []
  const changes: EndpointChange[] = []
  const now = new Map(after.map((endpoint) => [endpoint.name, endpoint]))
  for (const old of before) {
    const next = now.get(old.name)
    const say: Say = (change) => {
      if (changes.length === mostChanges) throw new BeyondBound('too many changes')
      changes.push({ endpoint: old.name, ...change })
    }
    const meter = new Meter(Math.min(maxEndpointSteps, maxComparisonSteps - effort.steps))
    try {
      meter.spend(1)
      if (next === undefined) say({ kind: 'removed', at: '', breaking: true, message: 'was removed' })
      else compareEndpoint(old, next, { meter, say })
    } catch (error) {
      if (!(error instanceof BeyondBound)) throw error
      if (changes.length < mostChanges)
        changes.push({
          endpoint: old.name,
          kind: 'unchecked',
          at: '',
          breaking: false,
          message: 'has schemas that are too large to compare, so its compatibility was not fully checked',
        })
    }
    effort.steps += meter.steps
    if (changes.length === mostChanges) return changes
  }
  const known = new Set(before.map(({ name }) => name))
  for (const { name } of after)
    if (!known.has(name) && changes.length < mostChanges)
      changes.push({ endpoint: name, kind: 'added', at: '', breaking: false, message: 'is new' })
  return changes
}

export const breakingOf = (changes: readonly EndpointChange[]): EndpointChange[] =>
  changes.filter(({ breaking }) => breaking)

function compareEndpoint(before: Endpoint, after: Endpoint, { meter, say }: { meter: Meter; say: Say }): void {
  if (before.stream !== after.stream)
    say({
      kind: 'call',
      at: '',
      breaking: true,
      message: after.stream ? 'now responds with a stream' : 'now responds once',
    })
  const asked = ({ method, path, name }: Endpoint) => `${method ?? 'POST'} ${path ?? `/${name}`}`
  if (asked(before) !== asked(after))
    say({
      kind: 'call',
      at: '',
      breaking: true,
      message: `is now called with ${asked(after)} instead of ${asked(before)}`,
    })
  for (const side of ['request', 'response'] as const)
    compareSchemas({ side, before: before[side], after: after[side], meter, say })
}
