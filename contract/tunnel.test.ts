import { once } from 'node:events'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { frameCost, maxStreams, maxUnread, maxUnsent, TunnelFault, tunnelFrame, windowBytes } from './tunnel-frames.ts'
import type { TunnelStream } from './tunnel-stream.ts'
import { Tunnel } from './tunnel.ts'

/** Two sides on a connection that delivers in order, each message a moment later. */
function pair(onOpen: (stream: TunnelStream, to: string) => void = () => {}) {
  const sides: { near?: Tunnel; far?: Tunnel } = {}
  const said: unknown[] = []
  const sent = { near: 0, far: 0 }
  const via = (name: 'near' | 'far') => (message: Buffer, done: () => void) => {
    sent[name] += message.length
    setImmediate(() => {
      done()
      sides[name === 'near' ? 'far' : 'near']?.receive(message)
    })
  }
  const near = (sides.near = new Tunnel({ listened: false, send: via('near'), onOpen: () => {}, onMessage: () => {} }))
  const far = (sides.far = new Tunnel({
    listened: true,
    send: via('far'),
    onOpen,
    onMessage: (value) => said.push(value),
  }))
  return { near, far, said, sent }
}

const frame = (kind: number, id: number, payload: Uint8Array = Buffer.alloc(0)) => {
  const head = Buffer.alloc(5)
  head.writeUInt8(kind)
  head.writeUInt32BE(id, 1)
  return Buffer.concat([head, payload])
}

test('every stream carries its own bytes both ways, however they are cut and whoever ends first', async () => {
  const pieces = fc.array(fc.integer({ min: 0, max: 90_000 }), { maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ there: pieces, back: pieces }), { minLength: 1, maxLength: 5 }),
      async (streams) => {
        const heard: Promise<Buffer>[] = []
        const { near, far } = pair((stream, to) => {
          stream.accept()
          heard[Number(to)] = all(stream)
          void write(stream, streams[Number(to)]?.back ?? [], Number(to) + 100)
        })
        const back = await Promise.all(
          streams.map(async ({ there }, index) => {
            const stream = near.open(String(index))
            const answered = all(stream)
            await write(stream, there, index)
            return answered
          }),
        )
        for (const [index, { there, back: expected }] of streams.entries()) {
          expect((await heard[index])?.equals(bytes(there, index))).toBe(true)
          expect(back[index]?.equals(bytes(expected, index + 100))).toBe(true)
        }
        await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
        expect([near.size, far.size]).toEqual([0, 0])
      },
    ),
    { numRuns: 25 },
  )
})

const bytes = (sizes: readonly number[], seed: number) =>
  Buffer.concat(sizes.map((size, at) => Buffer.alloc(size, (seed * 31 + at) % 251)))

/** Not by iterating: that destroys what still writes. */
function all(stream: TunnelStream): Promise<Buffer> {
  const parts: Buffer[] = []
  return new Promise((resolve, reject) =>
    stream
      .on('data', (part: Buffer) => parts.push(part))
      .once('end', () => resolve(Buffer.concat(parts)))
      .once('error', reject),
  )
}

async function write(stream: TunnelStream, sizes: readonly number[], seed: number): Promise<void> {
  for (const [at, size] of sizes.entries())
    if (!stream.write(Buffer.alloc(size, (seed * 31 + at) % 251))) await once(stream, 'drain')
  stream.end()
}

test('who does not read holds back its own stream and no other', async () => {
  const { near, sent } = pair((stream, to) => {
    if (to === 'read') stream.resume()
  })
  const stuck = near.open('unread')
  stuck.write(Buffer.alloc(4 * windowBytes))
  const fast = near.open('read')
  for (let count = 0; count < 20; count++) if (!fast.write(Buffer.alloc(windowBytes))) await once(fast, 'drain')
  expect(stuck.writableLength).toBe(4 * windowBytes)
  expect(sent.near).toBeLessThan(22 * windowBytes)
})

test('one that is destroyed is an error at the other side, also while it writes', async () => {
  const opened = Promise.withResolvers<TunnelStream>()
  const { near, far } = pair(opened.resolve)
  const stream = near.open('x')
  stream.on('error', () => {})
  stream.write(Buffer.alloc(2 * windowBytes))
  const other = await opened.promise
  const failed = new Promise((resolve) => stream.once('close', resolve))
  other.destroy()
  await failed
  expect(stream.errored).toMatchObject({ code: 'ECONNRESET' })
  expect([near.size, far.size]).toEqual([0, 0])
})

test('a lost connection ends every stream, and what is opened after it', async () => {
  const { near } = pair()
  const stream = near.open('x')
  const ended = once(stream, 'error')
  near.close(new Error('lost'))
  expect((await ended)[0]).toMatchObject({ message: 'lost' })
  const [late] = await once(near.open('y'), 'error')
  expect(late).toMatchObject({ message: 'lost' })
})

test('that it leads somewhere is told', async () => {
  const { near } = pair((stream) => stream.accept())
  const stream = near.open('x')
  expect(stream.isAccepted).toBe(false)
  await once(stream, 'accept')
  expect(stream.isAccepted).toBe(true)
})

test('messages arrive in order beside the streams', async () => {
  const { near, said } = pair()
  for (let count = 0; count < 5; count++) near.say({ count })
  await expect.poll(() => said.length).toBe(5)
  expect(said).toEqual([0, 1, 2, 3, 4].map((count) => ({ count })))
})

test('a peer that takes more than it was given, or opens what is open, is at fault', () => {
  const tunnel = () =>
    new Tunnel({
      listened: true,
      send: (_, sent) => setImmediate(sent),
      onOpen: (stream) => stream.on('error', () => {}),
      onMessage: () => {},
    })
  const after =
    (...frames: Buffer[]) =>
    () => {
      const one = tunnel()
      for (const each of frames) one.receive(each)
    }
  const open = frame(tunnelFrame.open, 1, Buffer.from('x'))
  const window = frame(tunnelFrame.data, 1, Buffer.alloc(windowBytes))
  expect(after(open, window)).not.toThrow()
  expect(after(open, window, frame(tunnelFrame.data, 1, Buffer.alloc(1)))).toThrow(TunnelFault)
  expect(after(open, open)).toThrow(TunnelFault)
  expect(after(frame(tunnelFrame.open, 2))).toThrow(TunnelFault)
  expect(after(frame(tunnelFrame.data, 1))).toThrow(TunnelFault)
  expect(after(open, frame(tunnelFrame.credit, 1, Buffer.from([0, 0, 0, 1])))).toThrow(TunnelFault)
  expect(after(open, frame(tunnelFrame.end, 1), frame(tunnelFrame.end, 1))).toThrow(TunnelFault)
  expect(after(frame(tunnelFrame.message, 0, Buffer.from('{')))).toThrow(TunnelFault)
})

test('more streams than are allowed are refused one by one', () => {
  const replies: number[] = []
  const tunnel = new Tunnel({
    listened: true,
    send: (message, sent) => {
      replies.push(message.readUInt8(0))
      setImmediate(sent)
    },
    onOpen: () => {},
    onMessage: () => {},
  })
  for (let count = 0; count <= maxStreams; count++) tunnel.receive(frame(tunnelFrame.open, 1 + 2 * count))
  expect(replies).toEqual([tunnelFrame.reset])
  expect(tunnel.size).toBe(maxStreams)
})

test('nothing that a peer sends does worse than end the connection', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          kind: fc.integer({ min: 0, max: 9 }),
          id: fc.integer({ min: 0, max: 9 }),
          payload: fc.uint8Array({ maxLength: 20 }),
        }),
        { maxLength: 30 },
      ),
      (frames) => {
        const tunnel = new Tunnel({
          listened: true,
          send: (_, sent) => setImmediate(sent),
          onOpen: (stream) => stream.on('error', () => {}).resume(),
          onMessage: () => {},
        })
        try {
          for (const { kind, id, payload } of frames) tunnel.receive(frame(kind, id, payload))
        } catch (error) {
          if (!(error instanceof TunnelFault)) throw error
          tunnel.close(error)
        }
        expect(tunnel.size).toBeLessThanOrEqual(frames.length)
      },
    ),
    { numRuns: 300 },
  )
})

/** One side whose peer sends what it likes, and reads nothing: nothing that is sent ever leaves. */
function unreadSide(
  onOpen: (stream: TunnelStream, to: string) => void = (stream) => {
    stream.on('error', () => {})
  },
) {
  const kept = { bytes: 0, frames: 0, stuck: 0 }
  const side = new Tunnel({
    listened: true,
    onOpen,
    onMessage: () => {},
    send: (message) => {
      kept.bytes += message.length
      kept.frames++
    },
    onStuck: () => {
      kept.stuck++
    },
  })
  return { side, kept }
}

test.each([
  [
    'streams that lead nowhere',
    (side: Tunnel, n: number) => side.receive(frame(tunnelFrame.open, 2 * n + 1, Buffer.from('nowhere'))),
  ],
  [
    'calls of the gateway',
    (side: Tunnel) => {
      side
        .open('call/1')
        .on('error', () => {})
        .destroy()
    },
  ],
  ['words', (side: Tunnel) => side.say({ type: 'note', text: 'x'.repeat(1_000) })],
])('a client that never reads does not fill our memory: %s', (_name, send) => {
  const { side, kept } = unreadSide((stream) => {
    stream.on('error', () => {}).destroy()
  })
  for (let n = 0; n < 200_000 && kept.stuck === 0; n++) send(side, n)
  expect(kept.stuck).toBe(1)
  expect(kept.bytes + kept.frames * frameCost).toBeLessThanOrEqual(maxUnsent + 2_000)
  const { frames } = kept
  send(side, 200_000)
  expect(kept.frames).toBe(frames)
  expect(side.size).toBe(0)
})

test('what many streams bring and nobody reads is bounded together, and the others go on', () => {
  const streams: TunnelStream[] = []
  const { side } = unreadSide((stream) => {
    streams.push(stream.on('error', () => {}))
  })
  const kept = () => streams.reduce((sum, stream) => sum + stream.readableLength, 0)
  for (let n = 0; n < 200; n++) {
    side.receive(frame(tunnelFrame.open, 2 * n + 1))
    for (let part = 0; part < 8; part++) side.receive(frame(tunnelFrame.data, 2 * n + 1, Buffer.alloc(windowBytes / 8)))
    expect(kept()).toBeLessThanOrEqual(maxUnread)
  }
  expect(streams.filter(({ destroyed }) => destroyed).length).toBeGreaterThan(100)
  // Who reads makes room.
  for (const stream of streams) while (stream.read() !== null);
  side.receive(frame(tunnelFrame.open, 1_001))
  side.receive(frame(tunnelFrame.data, 1_001, Buffer.alloc(1_000)))
  expect(streams.at(-1)).toMatchObject({ destroyed: false, readableLength: 1_000 })
})

test('each side opens a limited number of streams', () => {
  const { near, far } = pair((stream) => {
    stream.on('error', () => {})
  })
  const failed: unknown[] = []
  const own = Array.from({ length: maxStreams + 3 }, () => near.open('x').on('error', (error) => failed.push(error)))
  expect(near.size).toBe(maxStreams)
  expect(own.filter(({ destroyed }) => destroyed)).toHaveLength(3)
  own[0]?.destroy()
  expect(near.open('y').destroyed).toBe(false)
  expect(far.size).toBe(0)
})

test('a message that is nested too deep is a fault', () => {
  const { side } = unreadSide()
  expect(() => side.receive(frame(tunnelFrame.message, 0, Buffer.from('['.repeat(100_000))))).toThrow(TunnelFault)
})
