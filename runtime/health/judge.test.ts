import { expect, test } from 'vitest'
import { judgeDisk, worst } from '#contract/checks.ts'
import { judgeGateway, judgeMemory, judgeUnderWay } from './judge.ts'

const gib = 2 ** 30
const disk = (freeGiB: number, totalGiB: number) =>
  judgeDisk('/home', { bavail: (freeGiB * gib) / 4096, blocks: (totalGiB * gib) / 4096, bsize: 4096 })

test('a disk warns before it is full, and says where to make room', () => {
  expect(disk(50, 100)).toEqual({ name: 'disk', state: 'ok', says: '50.0 GiB free (50 %)', fix: null })
  expect(disk(4, 100)).toMatchObject({ state: 'warn', fix: expect.stringContaining('/home') })
  expect(disk(1.5, 20).state).toBe('warn')
  expect(disk(0.4, 100).state).toBe('bad')
  expect(disk(3, 500).state).toBe('bad')
})

test('memory is told as it is available, not as it is free', () => {
  const meminfo = (available: number) =>
    `MemTotal:       16000000 kB\nMemFree:          200000 kB\nMemAvailable:   ${available} kB\n`
  expect(judgeMemory(meminfo(8_000_000))).toMatchObject({ state: 'ok', says: '7.6 of 15.3 GiB available' })
  expect(judgeMemory(meminfo(1_000_000)).state).toBe('warn')
  expect(judgeMemory(meminfo(100_000)).state).toBe('bad')
  expect(judgeMemory('').state).toBe('ok')
})

test('a gateway is well while it follows the routes, and not with those of a runtime before', () => {
  expect(judgeGateway({ version: 90, epoch: 'a' }, { version: 100, epoch: 'a' })).toEqual({
    name: 'gateway',
    state: 'ok',
    says: 'has the current routes',
    fix: null,
  })
  expect(judgeGateway({ version: 10, epoch: 'a' }, { version: 100, epoch: 'a' }).state).toBe('bad')
  expect(judgeGateway({ version: 100, epoch: 'b' }, { version: 100, epoch: 'a' }).state).toBe('bad')
})

test('a deployment that takes half an hour is worth a look; the worst of all checks is what counts', () => {
  const now = 10 * 3_600_000
  expect(judgeUnderWay({ count: 0, oldest: null }, now)).toMatchObject({ state: 'ok', says: 'none in progress' })
  const stuck = judgeUnderWay({ count: 2, oldest: now - 31 * 60_000 }, now)
  expect(stuck).toMatchObject({ state: 'warn', says: '2 in progress, the oldest for 31 min' })
  expect(worst([])).toBe('ok')
  expect(worst([stuck, judgeMemory('')])).toBe('warn')
  expect(worst([stuck, judgeGateway({ version: 1, epoch: 'b' }, { version: 1, epoch: 'a' })])).toBe('bad')
})
