import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Read, readByNode } from '../testing/llhttp.ts'
import { requests, smuggling, withHost } from '../testing/messages.ts'
import { readHead } from './head.ts'
import { HeadReader } from './head-reader.ts'

const host = 'web--demo.localhost'

test('what is asked again on a connection reads as it does by itself, and is known to be the same', () => {
  let repeated = 0
  fc.assert(
    fc.property(
      fc.array(requests(host), { minLength: 1, maxLength: 3 }),
      fc.array(fc.nat(), { maxLength: 8 }),
      (texts, order) => {
        const reader = new HeadReader()
        let before: ReturnType<typeof readHead>
        for (const at of order) {
          const bytes = Buffer.from(texts[at % texts.length] as string, 'latin1')
          const read = reader.read(bytes)
          const alone = readHead(bytes, 0)
          expect(read && { ...read, repeated: false }).toEqual(alone)
          if (read !== undefined && read === before) repeated += Number(read.repeated)
          before = read
        }
      },
    ),
    { numRuns: 1000 },
  )
  expect(repeated).toBeGreaterThan(100)
})

test('only the very same bytes are the same', () => {
  const reader = new HeadReader()
  const read = (text: string) => reader.read(Buffer.from(text))
  const first = read('GET /x HTTP/1.1\r\nHost: h\r\nX-A: b\r\n\r\n')
  expect(first?.repeated).toBe(false)
  expect(read('GET /x HTTP/1.1\r\nHost: h\r\nX-A: b\r\n\r\nand more')).toBe(first)
  for (const other of [
    'GET /x HTTP/1.1\r\nHost: h\r\nX-A: c\r\n\r\n',
    'GET /y HTTP/1.1\r\nHost: h\r\nX-A: b\r\n\r\n',
    'GET /x HTTP/1.1\r\nHost: h\r\nX-A: b\r\nX-B: c\r\n\r\n',
  ]) {
    expect(read(other)).toMatchObject({ repeated: false })
  }
  expect(read('GET /x HTTP/1.1\r\nHost: h\r\nX-A: b\r\n')).toBeUndefined()
  expect(read('GET /x HTTP/1.1\r\nHost: h\r\nX-A: b\r\n\r\n')).not.toBe(first)
})

/** What we read of a connection until something comes that is node:http's, and how far that is. */
function readByUs(bytes: Buffer): { reads: Read[]; at: number; closed: boolean } {
  const reads: Read[] = []
  let at = 0
  while (at < bytes.length) {
    const head = readHead(bytes, at)
    if (head === undefined) break
    const body = bytes.toString('latin1', head.end, head.end + head.length)
    reads.push({
      method: head.method,
      url: head.url,
      rawHeaders: head.rawHeaders,
      body,
      complete: body.length === head.length,
    })
    at = Math.min(bytes.length, head.end + head.length)
    if (head.close) return { reads, at, closed: true }
  }
  return { reads, at, closed: false }
}

const next = 'GET /next HTTP/1.1\r\nHost: h\r\n\r\n'

/** How many requests of these bytes are ours; fails when llhttp sees others in what we read, or the next one begin elsewhere. */
async function agree(text: string): Promise<number> {
  const bytes = Buffer.from(text, 'latin1')
  const { reads, at, closed } = readByUs(bytes)
  if (reads.length === 0) return 0
  const byNode = await readByNode(
    Buffer.concat([bytes.subarray(0, at), Buffer.from(closed || reads.at(-1)?.complete === false ? '' : next)]),
  )
  if (!closed && reads.at(-1)?.complete === true) expect(byNode.pop()?.url, JSON.stringify(text)).toBe('/next')
  expect(reads, JSON.stringify(text)).toEqual(byNode)
  return reads.length
}

test('where we read a request, llhttp reads the same one with the same end', async () => {
  let read = 0
  await fc.assert(
    fc.asyncProperty(requests(host), async (text) => {
      read += await agree(text)
    }),
    { numRuns: 1500 },
  )
  expect(read).toBeGreaterThan(100)
}, 30_000)

test('of what has smuggled requests elsewhere nothing is ours but what everybody reads alike', async () => {
  const ours: string[] = []
  for (const [what, text] of Object.entries(smuggling)) if ((await agree(withHost(text, host))) > 0) ours.push(what)
  expect(ours).toEqual([
    'a length with an underscore',
    'a target with a fragment',
    'a body with GET',
    'a body with HEAD',
    'several at once',
  ])
})

test.each([
  ['a tab', 'GET / HTTP/1.1\r\nHost: h\r\nX-A: a\tb\r\n\r\n'],
  ['a byte beyond ASCII', 'GET / HTTP/1.1\r\nHost: h\r\nX-A: \xe9\r\n\r\n'],
  ['no host', 'GET / HTTP/1.1\r\n\r\n'],
  ['two hosts', 'GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n'],
  ['too many fields', `GET / HTTP/1.1\r\nHost: h\r\n${'X-A: b\r\n'.repeat(100)}\r\n`],
  ['a very long head', `GET / HTTP/1.1\r\nHost: h\r\nX-A: ${'b'.repeat(17_000)}\r\n\r\n`],
  ['half a head', 'GET / HTTP/1.1\r\nHost: h\r\n'],
  ['options of the connection', 'GET / HTTP/1.1\r\nHost: h\r\nConnection: x\r\n\r\n'],
])('%s is left to node:http', (_, text) => {
  expect(readHead(Buffer.from(text, 'latin1'), 0)).toBeUndefined()
})

test.each([
  ['another protocol', 'Connection: Upgrade\r\nUpgrade: h2c'],
  ['one of several', 'Connection: Upgrade\r\nUpgrade: websocket, x'],
  ['one that the connection does not name', 'Upgrade: websocket'],
  ['none', 'Connection: Upgrade'],
  ['one with a body', 'Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 1'],
  ['one with an empty body', 'Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0'],
])('an upgrade to %s is left to node:http', (_, fields) => {
  expect(readHead(Buffer.from(`GET / HTTP/1.1\r\nHost: h\r\n${fields}\r\n\r\n`, 'latin1'), 0)).toBeUndefined()
})

test('a websocket is asked for as browsers and libraries do, and nothing else follows on its connection', () => {
  for (const connection of ['Upgrade', 'upgrade', 'keep-alive, Upgrade']) {
    expect(
      readHead(Buffer.from(`GET /x HTTP/1.1\r\nHost: h\r\nConnection: ${connection}\r\nUpgrade: websocket\r\n\r\n`), 0),
    ).toMatchObject({ url: '/x', upgrade: 'websocket', close: true })
  }
  expect(
    readHead(Buffer.from('POST /x HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'), 0),
  ).toBeUndefined()
})

test('a field has the name that it was given, whatever that is in other places', () => {
  const head = readHead(
    Buffer.from('GET /x HTTP/1.1\r\nhOsT: h\r\n__proto__: a\r\nconstructor: b\r\nm3o-ENVIRONMENT: c\r\n\r\n'),
    0,
  )
  expect(head?.rawHeaders).toEqual(['hOsT', 'h', '__proto__', 'a', 'constructor', 'b', 'm3o-ENVIRONMENT', 'c'])
  expect(head?.headers).toMatchObject({ host: 'h', 'm3o-environment': 'c' })
  expect(Object.values(head?.headers ?? {}).filter((value) => value !== undefined)).toEqual(['h', 'c'])
})
