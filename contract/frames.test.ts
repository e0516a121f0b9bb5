import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeFrame, type Frame, frameKind, FrameReader } from './frames.ts'

test('any chunking of the bytes gives the same frames', () => {
  const frames = fc.array(
    fc.record({ kind: fc.constantFrom(...Object.values(frameKind)), payload: fc.uint8Array({ maxLength: 40 }) }),
  )
  fc.assert(
    fc.property(frames, fc.integer({ min: 1, max: 30 }), (sent, size) => {
      const bytes = Buffer.concat(sent.map(({ kind, payload }) => encodeFrame(kind, payload)))
      const reader = new FrameReader()
      const got: Frame[] = []
      for (let at = 0; at < bytes.length; at += size) got.push(...reader.push(bytes.subarray(at, at + size)))
      expect(got.map(({ kind, payload }) => ({ kind, payload: [...payload] }))).toEqual(
        sent.map(({ kind, payload }) => ({ kind, payload: [...payload] })),
      )
    }),
  )
})

test('a frame that claims to be huge is refused before it is waited for', () => {
  expect(() => new FrameReader().push(Buffer.from([1, 0xff, 0xff, 0xff, 0xff]))).toThrow(RangeError)
})
