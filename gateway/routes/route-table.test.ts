import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { maxDepth, type RoutingTable } from '#contract/routing.ts'
import { RouteTable } from './route-table.ts'

const ids = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11'] as const
const environments = fc.tuple(
  ...ids.map((id) =>
    fc.record({
      parent: fc.option(fc.constantFrom(...ids)),
      gone: fc.boolean().map((gone) => (gone && Number(id) % 3 === 0 ? 'expired' : null)),
      exists: fc.integer({ min: 0, max: 9 }).map((n) => n > 0),
      overrides: fc.subarray(['a', 'b', 'c']),
    }),
  ),
)
type World = { parent: string | null; gone: string | null; exists: boolean; overrides: string[] }[]

function tableOf(world: World, version = 1): RoutingTable {
  const table: RoutingTable = {
    version,
    epoch: 'x',
    teams: {},
    environments: {},
    services: {},
    releases: {},
    laptops: {},
    callers: {},
    tokens: {},
    sessions: {},
    listeners: {},
  }
  world.forEach(({ parent, gone, exists, overrides }, at) => {
    const id = String(at)
    if (exists)
      table.environments[id] = {
        id,
        teamId: 't',
        name: `n${id}`,
        formerNames: [],
        parentId: parent,
        generation: version,
        gone,
      }
    for (const serviceId of overrides) {
      table.releases[`${id}/${serviceId}`] = {
        environmentId: id,
        serviceId,
        deploymentId: 'd',
        revision: `${id}${serviceId}`,
        state: 'live',
        reason: null,
        instances: [{ id: `i${id}${serviceId}`, address: 'x', port: 1 }],
      }
    }
  })
  return table
}

/** The rule as one would say it: follow the parents, at most so far, and stop at the first answer. */
function slowly(table: RoutingTable, environmentId: string, serviceId: string): string {
  const chain: string[] = []
  for (
    let id: string | null | undefined = environmentId;
    id && chain.length < maxDepth;
    id = table.environments[id]?.parentId
  )
    chain.push(id)
  for (const id of chain) {
    const environment = table.environments[id]
    if (!environment || environment.gone !== null) return 'gone'
    const release = table.releases[`${id}/${serviceId}`]
    if (release) return release.revision
  }
  return 'none'
}

function quickly(table: RouteTable, environmentId: string, serviceId: string): string {
  const found = table.resolve(environmentId, serviceId)
  return found.kind === 'release' ? found.release.revision : found.kind
}

describe('the route table', () => {
  test('resolves like the slow rule in any forest, with circles, overrides and what is gone, also after changes', () => {
    fc.assert(
      fc.property(environments, environments, (before, after) => {
        const table = new RouteTable()
        const [one, two] = [tableOf(before), tableOf(after, 2)]
        table.replace(one)
        for (const id of ids)
          for (const service of ['a', 'b', 'c']) expect(quickly(table, id, service)).toBe(slowly(one, id, service))
        const removed = (kind: 'environments' | 'releases') =>
          Object.fromEntries(Object.keys(one[kind]).map((id) => [id, null]))
        table.apply({
          version: 2,
          epoch: 'x',
          environments: { ...removed('environments'), ...two.environments },
          releases: { ...removed('releases'), ...two.releases },
        })
        for (const id of ids)
          for (const service of ['a', 'b', 'c']) expect(quickly(table, id, service)).toBe(slowly(two, id, service))
        expect(table.snapshot()).toEqual(two)
        for (const id of ids) expect(table.hasInstance(`i${id}a`)).toBe(`${id}/a` in two.releases)
      }),
      { numRuns: 200 },
    )
  })

  test('applies a change only when it follows, and as a whole', () => {
    const table = new RouteTable()
    table.replace({ ...tableOf([]), version: 7 })
    expect(() => table.apply({ version: 9, epoch: 'x' })).toThrow(expect.objectContaining({ code: 'conflict' }))
    expect(() => table.apply({ version: 8, epoch: 'y' })).toThrow(expect.objectContaining({ code: 'conflict' }))
    table.apply({ version: 8, epoch: 'x', teams: { t: { id: 't', name: 'demo', formerNames: ['old'] } } })
    expect(table.teamNamed('old')).toMatchObject({ moved: true, thing: { id: 't' } })
  })

  test('finds by names: one in use before one left behind, what exists before what is gone, and lets names pass on', () => {
    const table = new RouteTable()
    const environment = (id: string, name: string, gone: string | null, formerNames: string[] = []) => ({
      id,
      teamId: 't',
      name,
      formerNames,
      parentId: null,
      generation: 1,
      gone,
    })
    table.replace({ ...tableOf([]), environments: { a: environment('a', 'alice', 'expired') } })
    expect(table.environmentNamed('t', 'alice')?.thing.id).toBe('a')
    table.apply({
      version: 2,
      epoch: 'x',
      environments: { b: environment('b', 'alice', null), c: environment('c', 'carol', null, ['alice', 'cara']) },
    })
    expect(table.environmentNamed('t', 'alice')).toMatchObject({ thing: { id: 'b' }, moved: false })
    expect(table.environmentNamed('t', 'cara')).toMatchObject({ thing: { id: 'c' }, moved: true })
    table.apply({
      version: 3,
      epoch: 'x',
      environments: { b: environment('b', 'cara', null), c: environment('c', 'alice', null), a: null },
    })
    expect(table.environmentNamed('t', 'alice')?.thing.id).toBe('c')
    expect(table.environmentNamed('t', 'cara')).toMatchObject({ thing: { id: 'b' }, moved: false })
    expect(table.environmentNamed('u', 'alice')).toBeUndefined()
  })
})
