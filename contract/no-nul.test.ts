import { expect, test } from 'vitest'
import { refuseNul } from './no-nul.ts'

test('NUL is refused wherever it stands, by the name of its field, but in a file or a body', () => {
  for (const [input, field] of [
    ['\0', ''],
    [{ a: 'x\0' }, 'a'],
    [{ a: [{ b: ['y', '\0'] }] }, 'a.0.b.1'],
    [{ 'k\0': 1 }, ''],
  ] as const) {
    expect(() => refuseNul(input)).toThrow(expect.objectContaining({ code: 'bad_request', field }))
  }
  for (const fine of [undefined, null, 1, 'x', { text: '\0', body: 'a\0', a: [true, null] }])
    expect(() => refuseNul(fine)).not.toThrow()
})
