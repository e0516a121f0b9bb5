import { describe, expect, test } from 'vitest'
import { outageOf } from './outage.ts'

const failing = (message: string, more: object = {}, cause?: unknown) =>
  Object.assign(new Error(message, { cause }), more)

describe('an error that is no defect of ours says what has run out, and what to do', () => {
  test.each([
    ['disk_full', failing('ENOSPC: no space left on device, write', { code: 'ENOSPC' })],
    [
      'disk_full',
      failing(
        'Failed query: insert into teams',
        {},
        failing('could not extend file: No space left on device', { code: '53100' }),
      ),
    ],
    ['disk_full', failing('git pack-objects ended with 128: fatal: write error: No space left on device')],
    ['unavailable', failing('EMFILE: too many open files, open', { code: 'EMFILE' })],
    [
      'unavailable',
      failing('Failed query: select 1', {}, failing('Connection terminated unexpectedly', { code: '08006' })),
    ],
    [
      'unavailable',
      failing(
        'Failed query: select 1',
        {},
        failing('write EPIPE', { code: '08006' }, failing('write EPIPE', { code: 'EPIPE', syscall: 'write' })),
      ),
    ],
    ['unavailable', failing('terminating connection due to administrator command', { code: '57P01' })],
  ])('%s: %s', (code, error) => {
    const outage = outageOf(error)
    expect(outage).toMatchObject({ code })
    expect(outage?.fix).toBeTruthy()
  })

  test('everything else stays unexpected', () => {
    for (const error of [
      failing('ENOENT: no such file or directory', { code: 'ENOENT', syscall: 'open' }),
      failing('duplicate key', { code: '23505' }),
      failing('write EPIPE', { code: 'EPIPE', syscall: 'write' }),
      'text',
      undefined,
    ])
      expect(outageOf(error)).toBeUndefined()
    const endless = failing('one')
    endless.cause = endless
    expect(outageOf(endless)).toBeUndefined()
  })
})
