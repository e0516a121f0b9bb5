import { expect, test } from 'vitest'
import { parseEgress } from '#contract/egress.ts'
import { Egresses } from './egress.ts'

test('names are refused until they were looked up, and keep the addresses that they had when they cannot be', async () => {
  const answers = new Map([['api.example.com', ['203.0.113.7']]])
  const egresses = new Egresses(
    { mode: 'all' },
    async (host) => answers.get(host) ?? Promise.reject(new Error('SERVFAIL')),
  )
  expect(egresses.wayOf('t_1')).toEqual({ mode: 'all' })
  const rule = parseEgress(['api.example.com', '198.51.100.0/24', 'gone.example.com'])
  egresses.put('t_1', rule)
  expect(egresses.wayOf('t_1')).toEqual({ mode: 'listed', networks: ['198.51.100.0/24'] })
  await egresses.look()
  egresses.put('t_1', rule)
  expect(egresses.wayOf('t_1')).toEqual({ mode: 'listed', networks: ['198.51.100.0/24', '203.0.113.7'] })
  // Another of its machines answers: both are its.
  answers.set('api.example.com', ['203.0.113.8'])
  await egresses.look()
  answers.clear()
  await egresses.look()
  egresses.put('t_1', rule)
  expect(egresses.wayOf('t_1')).toEqual({ mode: 'listed', networks: ['198.51.100.0/24', '203.0.113.7', '203.0.113.8'] })
})

test('what the operator allows holds for teams that chose nothing, and for those that are not known yet', async () => {
  const egresses = new Egresses(parseEgress(['198.51.100.0/24']), async () => [])
  const most = { mode: 'listed', networks: ['198.51.100.0/24'] }
  expect(egresses.wayOf('t_new')).toEqual(most)
  egresses.put('t_1', { mode: 'all' })
  expect(egresses.wayOf('t_1')).toEqual(most)
  egresses.put('t_1', parseEgress(['203.0.113.1']))
  expect(egresses.wayOf('t_1')).toEqual({ mode: 'none' })
})

test('whoever follows hears of teams whose addresses changed, and only of those', async () => {
  const answer = ['203.0.113.7']
  const egresses = new Egresses({ mode: 'all' }, async () => answer)
  egresses.put('t_1', parseEgress(['api.example.com']))
  egresses.put('t_2', { mode: 'none' })
  const heard = new Promise<string[]>((resolve) => egresses.follow(resolve))
  expect(await heard).toEqual(['t_1'])
  egresses.close()
})
