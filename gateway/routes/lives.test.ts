import fc from 'fast-check'
import { expect, test } from 'vitest'
import { maxDepth, type Routed, type RoutingChange } from '#contract/routing.ts'
import { RouteTable } from './route-table.ts'

/*
 * The resolver against a slow model, through the whole life of a team's environments: created and deployed into, reset,
 * deleted, expired, brought back, purged, moved, and their names taken by others.
 */

const services = ['a', 'b', 'c'] as const
const names = ['alice', 'bob', 'carol', 'dave'] as const

interface Place {
  id: string
  name: string
  parentId: string | null
  generation: number
  gone: string | null
  own: Map<string, string>
  purged: boolean
}

const action = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ what: fc.constant('create' as const), name: fc.constantFrom(...names), at: fc.nat() }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      what: fc.constant('deploy' as const),
      services: fc.uniqueArray(fc.constantFrom(...services), { minLength: 1 }),
      at: fc.nat(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ what: fc.constant('reset' as const), service: fc.constantFrom(...services), at: fc.nat() }),
  },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('move' as const), at: fc.nat(), to: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constantFrom('delete' as const, 'expire' as const), at: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('restore' as const), at: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('purge' as const), at: fc.nat() }) },
)
type Action = typeof action extends fc.Arbitrary<infer A> ? A : never

/** A team as the runtime keeps it, which tells the gateway of each change. */
class World {
  readonly places: Place[] = [
    { id: 'e0', name: 'production', parentId: null, generation: 0, gone: null, own: new Map(), purged: false },
  ]
  readonly table = new RouteTable()
  #version = 1
  #revisions = 0

  constructor() {
    this.table.replace({
      version: 1,
      epoch: 'x',
      teams: {},
      services: {},
      releases: {},
      laptops: {},
      callers: {},
      tokens: {},
      sessions: {},
      listeners: {},
      environments: { e0: this.routed(this.places[0] as Place) },
    })
  }

  routed({ id, name, parentId, generation, gone }: Place): Routed['environments'] {
    return { id, teamId: 't', name, formerNames: [], parentId, generation, gone }
  }

  living(): Place[] {
    return this.places.filter(({ gone }) => gone === null)
  }

  chain(id: string | null): Place[] {
    const at = this.places.find((one) => one.id === id)
    return at === undefined ? [] : [at, ...this.chain(at.parentId)]
  }

  #tell(change: Pick<RoutingChange, 'environments' | 'releases' | 'callers'>): void {
    this.table.apply({ version: ++this.#version, epoch: 'x', ...change })
  }

  #changed(
    place: Place,
    releases: Record<string, Routed['releases'] | null> = {},
    callers: Record<string, Routed['callers']> = {},
  ): void {
    this.#tell({ environments: { [place.id]: this.routed(place) }, releases, callers })
  }

  #release(environmentId: string, serviceId: string, revision: string): Routed['releases'] {
    return {
      environmentId,
      serviceId,
      deploymentId: revision,
      revision,
      state: 'live',
      reason: null,
      instances: [{ id: `i-${revision}`, address: 'x', port: 1 }],
    }
  }

  /** As the runtime would, what it refuses left out. */
  do(asked: Action): void {
    const living = this.living()
    const own = living[asked.at % living.length] as Place
    const isParent = (place: Place) => living.some(({ parentId }) => parentId === place.id)
    switch (asked.what) {
      case 'create': {
        if (living.some(({ name }) => name === asked.name) || this.chain(own.id).length >= maxDepth) return
        const made: Place = {
          id: `e${this.places.length}`,
          name: asked.name,
          parentId: own.id,
          generation: 0,
          gone: null,
          own: new Map(),
          purged: false,
        }
        this.places.push(made)
        return this.#changed(made)
      }
      case 'deploy': {
        own.generation++
        const releases: Record<string, Routed['releases']> = {}
        const callers: Record<string, Routed['callers']> = {}
        for (const service of asked.services) {
          const revision = `r${++this.#revisions}`
          own.own.set(service, revision)
          releases[`${own.id}/${service}`] = this.#release(own.id, service, revision)
          callers[`i-${revision}`] = {
            instanceId: `i-${revision}`,
            key: revision,
            serviceId: service,
            environmentId: own.id,
            teamId: 't',
            from: 'x',
            overlay: own.parentId !== null,
          }
        }
        return this.#changed(own, releases, callers)
      }
      case 'reset': {
        if (own.parentId === null || !own.own.delete(asked.service)) return
        own.generation++
        return this.#changed(own, { [`${own.id}/${asked.service}`]: null })
      }
      case 'move': {
        const to = living[asked.to % living.length] as Place
        const height = (id: string): number =>
          1 + Math.max(0, ...living.filter(({ parentId }) => parentId === id).map((one) => height(one.id)))
        if (
          own.parentId === null ||
          own.parentId === to.id ||
          this.chain(to.id).includes(own) ||
          this.chain(to.id).length + height(own.id) > maxDepth
        )
          return
        const counted = (id: string | null) => this.chain(id).reduce((sum, { generation }) => sum + generation, 0)
        own.generation += Math.max(0, counted(own.parentId) - counted(to.id)) + 1
        own.parentId = to.id
        return this.#changed(own)
      }
      case 'delete':
      case 'expire': {
        if (own.parentId === null || isParent(own)) return
        own.gone = asked.what === 'delete' ? 'was deleted' : 'expired'
        this.#changed(own)
        // Then its instances.
        return this.#tell({
          releases: Object.fromEntries([...own.own.keys()].map((service) => [`${own.id}/${service}`, null])),
        })
      }
      case 'restore': {
        const departed = this.places.filter(({ gone, purged }) => gone !== null && !purged)
        const back = departed[asked.at % Math.max(1, departed.length)]
        if (
          back === undefined ||
          living.some(({ name }) => name === back.name) ||
          !living.some(({ id }) => id === back.parentId) ||
          this.chain(back.parentId).length >= maxDepth
        )
          return
        this.#tell({
          releases: Object.fromEntries(
            [...back.own].map(([service, revision]) => [
              `${back.id}/${service}`,
              this.#release(back.id, service, revision),
            ]),
          ),
        })
        back.gone = null
        return this.#changed(back)
      }
      case 'purge': {
        const departed = this.places.filter(({ gone, purged }) => gone !== null && !purged)
        const over = departed[asked.at % Math.max(1, departed.length)]
        if (over === undefined) return
        over.purged = true
        over.own.clear()
      }
    }
  }

  /** The rule as one would say it: follow the parents, and stop at the first answer. */
  slowly(id: string, service: string): string {
    for (const place of this.chain(id)) {
      if (place.gone !== null) return place.gone
      const revision = place.own.get(service)
      if (revision !== undefined) return revision
    }
    return 'none'
  }

  quickly(id: string, service: string, generation?: number): string {
    const found =
      generation === undefined ? this.table.resolve(id, service) : this.table.resolveAt(id, service, generation)
    return found.kind === 'release' ? found.release.revision : found.kind === 'gone' ? found.why : 'none'
  }

  all(): { id: string; service: string }[] {
    return this.places.flatMap(({ id }) => services.map((service) => ({ id, service })))
  }
}

test('through any lives of environments each is answered as its parents say, and its name leads to it', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
      const world = new World()
      for (const one of actions) {
        world.do(one)
        for (const { id, service } of world.all()) expect(world.quickly(id, service)).toBe(world.slowly(id, service))
        for (const name of names) {
          const named = world.places.filter((place) => place.name === name)
          const expected = named.find(({ gone }) => gone === null)
          const found = world.table.environmentNamed('t', name)?.thing
          if (expected !== undefined) expect(found?.id).toBe(expected.id)
          // Whichever of those that are gone: it is refused, not passed on.
          else expect(found?.gone ?? 'unknown').not.toBe(named.length === 0 ? null : 'unknown')
        }
      }
    }),
    { numRuns: 200 },
  )
})

test('a call that began earlier is answered as then, or all of it as now, never by a mixture', () => {
  fc.assert(
    fc.property(fc.array(action, { minLength: 1, maxLength: 30 }), (actions) => {
      const world = new World()
      const began: { id: string; generation: number; answers: string[]; moves: number }[] = []
      // Moves and departures on its way since it began: then all of it is as now.
      let moves = 0
      for (const one of actions) {
        for (const { id } of world.living())
          began.push({
            id,
            generation: world.table.generationOf(id),
            answers: services.map((service) => world.slowly(id, service)),
            moves,
          })
        if (one.what !== 'create' && one.what !== 'deploy' && one.what !== 'reset') moves++
        world.do(one)
        for (const call of began) {
          const now = services.map((service) => world.slowly(call.id, service))
          const given = services.map((service) => world.quickly(call.id, service, call.generation))
          const then = call.answers.map((answer, at) => (answer === 'none' ? now[at] : answer))
          if (call.moves === moves) expect(given).toEqual(then)
          else expect([then, now]).toContainEqual(given)
        }
      }
    }),
    { numRuns: 200 },
  )
})

test('a call from before a move is not answered by what there was right after it', () => {
  const world = new World()
  const production = 0
  world.do({ what: 'deploy', services: ['a', 'b'], at: production })
  for (const name of ['alice', 'bob'] as const) world.do({ what: 'create', name, at: production })
  for (const at of [1, 2]) world.do({ what: 'deploy', services: ['a'], at })
  world.do({ what: 'create', name: 'carol', at: 1 })
  const carol = world.places[3] as Place
  const generation = world.table.generationOf(carol.id)
  const answers = () => (['a', 'b'] as const).map((service) => world.quickly(carol.id, service, generation))
  expect(answers()).toEqual(['r3', 'r2'])
  world.do({ what: 'move', at: 3, to: 2 })
  world.do({ what: 'deploy', services: ['b'], at: 3 })
  expect(answers()).toEqual(['r4', 'r5'])
})
