import { expect, test } from 'vitest'
import { FairTurns } from './fair-turns.ts'

/** What has begun, in order. */
function queue(places: number) {
  const turns = new FairTurns(places)
  const begun: string[] = []
  const ask = (name: string, signal = new AbortController().signal) =>
    turns.take(name[0] ?? '', signal).then(() => void begun.push(name))
  return { turns, begun, ask, settle: () => new Promise(setImmediate) }
}

test('one team may use all places while nobody else asks, and no more', async () => {
  const { turns, begun, ask, settle } = queue(2)
  for (const name of ['a1', 'a2', 'a3']) void ask(name)
  await settle()
  expect(begun).toEqual(['a1', 'a2'])
  turns.give('a')
  await settle()
  expect(begun).toEqual(['a1', 'a2', 'a3'])
})

test('a team without any begins at once, and each place that is free goes to whoever has the fewest', async () => {
  const { turns, begun, ask, settle } = queue(2)
  for (const name of ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1', 'd1']) void ask(name)
  await settle()
  expect(begun).toEqual(['a1', 'a2', 'b1', 'c1'])
  const after = async (...teams: string[]) => {
    for (const team of teams) turns.give(team)
    await settle()
    return begun.slice(4)
  }
  expect(await after('b')).toEqual(['b2'])
  expect(await after('c')).toEqual(['b2', 'd1'])
  expect(await after('a')).toEqual(['b2', 'd1'])
  expect(await after('a')).toEqual(['b2', 'd1', 'a3'])
  expect(await after('b', 'd')).toEqual(['b2', 'd1', 'a3', 'a4'])
})

test('whoever gives up while waiting takes no place', async () => {
  const { turns, begun, ask, settle } = queue(1)
  const cancel = new AbortController()
  void ask('a1')
  const given = ask('a2', cancel.signal)
  void ask('a3')
  await settle()
  cancel.abort(new Error('given up'))
  await expect(given).rejects.toThrow('given up')
  turns.give('a')
  await settle()
  expect(begun).toEqual(['a1', 'a3'])
})
