import fc from 'fast-check'
import { expect, test } from 'vitest'
import { maxDepth } from '#contract/routing.ts'
import { childrenOf, requirePlace } from './tree.ts'

interface Node {
  id: string
  name: string
  parentId: string | null
}

const steps = fc.array(
  fc.record({ what: fc.constantFrom('create', 'move', 'remove'), id: fc.nat(14), parent: fc.nat(14) }),
  { maxLength: 60 },
)

/** By following each from itself upwards. */
function faultOf(tree: Node[]): string | undefined {
  for (const { id } of tree) {
    const seen: string[] = []
    for (let at: string | null = id; at !== null; at = tree.find((one) => one.id === at)?.parentId ?? null) {
      if (seen.includes(at)) return `a circle: ${seen.join(' ')}`
      seen.push(at)
    }
    if (seen.length > maxDepth) return `too deep: ${seen.join(' ')}`
    if (seen.at(-1) !== '0') return `${id} does not stem from the root`
  }
  return undefined
}

test('through any creations, moves and deletions everybody stems from the root, in no circle and not too deep', () => {
  fc.assert(
    fc.property(steps, (all) => {
      let tree: Node[] = [{ id: '0', name: '0', parentId: null }]
      for (const { what, id, parent } of all) {
        const node = { id: String(id), name: String(id), parentId: String(parent) }
        const there = tree.some((one) => one.id === node.id)
        if (id === 0 || there !== (what !== 'create')) continue
        if (what === 'remove') {
          if (childrenOf(tree, node.id).length === 0) tree = tree.filter((one) => one.id !== node.id)
          continue
        }
        const after = [...tree.filter((one) => one.id !== node.id), node]
        try {
          requirePlace(tree, node)
        } catch {
          // What it refuses would have been wrong.
          expect(faultOf(after)).toBeDefined()
          continue
        }
        tree = after
        expect(faultOf(tree)).toBeUndefined()
      }
    }),
    { numRuns: 300 },
  )
})

test('says why a place will not do', () => {
  const line = Array.from({ length: maxDepth }, (_, at): Node => ({
    id: `e${at}`,
    name: `e${at}`,
    parentId: at === 0 ? null : `e${at - 1}`,
  }))
  const place = (id: string, parentId: string) => () => requirePlace(line, { id, name: id, parentId })
  expect(place('new', 'e7')).toThrow('environments nest at most 8 deep: e7 is at level 8')
  expect(place('e2', 'e2')).toThrow('e2 cannot be its own parent')
  expect(place('e2', 'e5')).toThrow('e2 is an ancestor of e5, so e5 cannot be its parent')
  expect(place('new', 'nobody')).toThrow('the parent environment does not exist')
  const tall: Node[] = [
    ...line.slice(0, 5),
    { id: 'a', name: 'a', parentId: 'e0' },
    { id: 'b', name: 'b', parentId: 'a' },
    { id: 'c', name: 'c', parentId: 'b' },
    { id: 'd', name: 'd', parentId: 'c' },
  ]
  expect(() => requirePlace(tall, { id: 'a', name: 'a', parentId: 'e4' })).toThrow(
    'environments nest at most 8 deep: a has environments under it 3 deep, and e4 is at level 5',
  )
})
