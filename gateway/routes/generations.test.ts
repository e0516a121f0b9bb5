import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Routed, RoutingChange, RoutingTable } from '#contract/routing.ts'
import { RouteTable } from './route-table.ts'

/** production ← staging ← alice, and bob beside staging. */
const parents: Record<string, string | null> = {
  production: null,
  staging: 'production',
  alice: 'staging',
  bob: 'production',
}
const names = Object.keys(parents)
const services = ['a', 'b', 'c']

const switches = fc.array(
  fc.record({
    environment: fc.constantFrom(...names),
    // Several at once is a promotion; null takes an own copy away.
    to: fc.dictionary(fc.constantFrom(...services), fc.boolean(), { minKeys: 1 }),
  }),
  { minLength: 1, maxLength: 12 },
)

const environment = (id: string, generation: number): Routed['environments'] => ({
  id,
  teamId: 't',
  name: id,
  formerNames: [],
  parentId: parents[id] ?? null,
  generation,
  gone: null,
})
const release = (environmentId: string, serviceId: string, revision: string): Routed['releases'] => ({
  environmentId,
  serviceId,
  deploymentId: revision,
  revision,
  state: 'live',
  reason: null,
  instances: [{ id: `i-${revision}`, address: 'x', port: 1 }],
})
const caller = (id: string): Routed['callers'] => ({
  instanceId: id,
  key: id,
  serviceId: 's',
  environmentId: 'production',
  teamId: 't',
  from: 'x',
  overlay: false,
})

function start(): RoutingTable {
  return {
    version: 1,
    epoch: 'x',
    teams: {},
    services: {},
    tokens: {},
    laptops: {},
    sessions: {},
    listeners: {},
    callers: { 'i-first': caller('i-first') },
    environments: Object.fromEntries(names.map((name) => [name, environment(name, 0)])),
    releases: Object.fromEntries(
      services.map((service) => [`production/${service}`, release('production', service, 'first')]),
    ),
  }
}

const all = (table: RouteTable) =>
  names.flatMap((name) =>
    services.map((service) => {
      const found = table.resolve(name, service)
      return found.kind === 'release' ? found.release.revision : found.kind
    }),
  )

test('a call is answered by the generation in which it began, through any switches, as long as that still runs', () => {
  fc.assert(
    fc.property(switches, (steps) => {
      const table = new RouteTable()
      table.replace(start())
      const generations = new Map(names.map((name) => [name, 0]))
      const past: { answers: string[]; at: Map<string, number> }[] = []
      const remember = () =>
        past.push({ answers: all(table), at: new Map(names.map((name) => [name, table.generationOf(name)])) })
      remember()
      steps.forEach(({ environment: name, to }, step) => {
        const revision = `r${step}`
        generations.set(name, (generations.get(name) ?? 0) + 1)
        const change: RoutingChange = {
          version: step + 2,
          epoch: 'x',
          environments: { [name]: environment(name, generations.get(name) ?? 0) },
          releases: {},
          laptops: {},
          callers: { [`i-${revision}`]: caller(`i-${revision}`) },
        }
        for (const [service, there] of Object.entries(to)) {
          // Production always has all of them: what never ran anywhere is answered by what runs now.
          if (change.releases)
            change.releases[`${name}/${service}`] =
              there || name === 'production' ? release(name, service, revision) : null
        }
        table.apply(change)
        remember()
      })
      for (const { answers, at } of past) {
        const then = names.flatMap((name) =>
          services.map((service) => {
            const found = table.resolveAt(name, service, at.get(name) ?? 0)
            return found.kind === 'release' ? found.release.revision : found.kind
          }),
        )
        expect(then).toEqual(answers)
      }
    }),
    { numRuns: 300 },
  )
})

test('what no longer runs, or was replaced too long ago to be known, is answered by what serves now', () => {
  const table = new RouteTable()
  table.replace(start())
  const before = table.generationOf('alice')
  table.apply({
    version: 2,
    epoch: 'x',
    environments: { production: environment('production', 1) },
    releases: { 'production/a': release('production', 'a', 'second') },
  })
  const answer = (generation: number) => table.resolveAt('alice', 'a', generation)
  expect(answer(before)).toMatchObject({ release: { revision: 'first' } })
  expect(answer(before - 1)).toMatchObject({ release: { revision: 'second' } })
  table.apply({ version: 3, epoch: 'x', callers: { 'i-first': null } }) // its instance has ended
  expect(answer(before)).toMatchObject({ release: { revision: 'second' } })
  table.replace({ ...start(), epoch: 'y', releases: { 'production/a': release('production', 'a', 'third') } })
  expect(answer(before)).toMatchObject({ release: { revision: 'third' } })
})
