import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeMessage, MessageReader } from './framing.ts'
import { encodeLine, LineReader } from './lines.ts'

const message = fc.record({
  method: fc.string(),
  params: fc.oneof(fc.string({ unit: 'binary' }), fc.constant('ü — 漢字 🙂'), fc.array(fc.integer())),
})

function chunked(bytes: Buffer, cuts: number[]): Buffer[] {
  const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  return [0, ...at].map((from, index) => bytes.subarray(from, at[index] ?? bytes.length))
}

test('messages come out as they went in, however the stream is cut, counted in bytes', () => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 5 }), fc.array(fc.nat(), { maxLength: 12 }), (messages, cuts) => {
      const reader = new MessageReader()
      const got = chunked(Buffer.concat(messages.map(encodeMessage)), cuts).flatMap((chunk) => reader.push(chunk))
      expect(got).toEqual(JSON.parse(JSON.stringify(messages)))
    }),
  )
})

test('lines come out as they went in, however the stream is cut', () => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 5 }), fc.array(fc.nat(), { maxLength: 12 }), (messages, cuts) => {
      const reader = new LineReader()
      const got = chunked(Buffer.from(messages.map(encodeLine).join('')), cuts).flatMap((chunk) => reader.push(chunk))
      expect(got).toEqual(JSON.parse(JSON.stringify(messages)))
    }),
  )
})

test('a head without a length, or without an end, is refused', () => {
  expect(() => new MessageReader().push(Buffer.from('Content-Type: x\r\n\r\n'))).toThrow(RangeError)
  expect(() => new MessageReader().push(Buffer.from('x'.repeat(5000)))).toThrow(RangeError)
})
