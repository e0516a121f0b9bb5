import fc from 'fast-check'
import { expect, test } from 'vitest'
import { answerByNode } from '../testing/llhttp.ts'
import { answers, cut, cuts } from '../testing/messages.ts'
import { MalformedResponse, type ResponseHead } from './response-head.ts'
import { ResponseReader } from './response-reader.ts'

function read(parts: Buffer[], toHead = false) {
  const seen = {
    heads: [] as ResponseHead[],
    body: '',
    trailers: undefined as string[] | undefined,
    tunnel: undefined as string | undefined,
    info: [] as number[],
  }
  const reader = new ResponseReader()
  reader.begin(
    {
      onInformational: (head) => seen.info.push(head.status),
      onHead: (head) => seen.heads.push(head),
      onData: (chunk) => {
        seen.body += chunk.toString('latin1')
      },
      onEnd: (trailers) => {
        seen.trailers = trailers
      },
      onTunnel: (_, rest) => {
        seen.tunnel = rest.toString('latin1')
      },
    },
    toHead,
  )
  for (const part of parts) reader.push(part)
  return { ...seen, reader, head: seen.heads[0] }
}
const all = (text: string, toHead = false) => read([Buffer.from(text, 'latin1')], toHead)

const messages = [
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello',
  'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 201 Made\r\ntransfer-encoding: chunked\r\n\r\n3;x="y"\r\nabc\r\nA\r\n0123456789\r\n0\r\nX-T: 1\r\n\r\n',
  'HTTP/1.1 204 \r\nContent-Length: 0\r\nKeep-Alive: timeout=7, max=3\r\n\r\n',
]

test('a response reads the same however its bytes are cut', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...messages),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      (message, sizes) => {
        const bytes = Buffer.from(message, 'latin1')
        const parts: Buffer[] = []
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const size = sizes[i % sizes.length] as number
          parts.push(bytes.subarray(at, at + size))
          at += size
        }
        const { reader: _, ...cut } = read(parts)
        const { reader, ...whole } = all(message)
        expect(cut).toEqual(whole)
        expect(reader.idle).toBe(true)
      },
    ),
  )
  expect(all(messages[1] as string)).toMatchObject({
    info: [100, 103],
    body: 'abc0123456789',
    trailers: ['X-T', '1'],
    head: { status: 201, reason: 'Made', headers: [], length: -1 },
  })
  expect(all(messages[2] as string).head).toMatchObject({ idleMs: 7000, headers: [], reusable: true })
})

test('an answer that says the same as the one before is the same, unless it answers HEAD', () => {
  const bytes = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\n')
  const body = Buffer.from('hello')
  const { reader, head } = read([bytes, body])
  const next = (parts: Buffer[], toHead = false) => {
    let got: ResponseHead | undefined
    let said = ''
    reader.begin(
      {
        onInformational: () => {},
        onHead: (head) => {
          got = head
        },
        onData: (chunk) => {
          said += chunk.toString()
        },
        onEnd: () => {},
        onTunnel: () => {},
      },
      toHead,
    )
    for (const part of parts) reader.push(part)
    expect(reader.idle).toBe(true)
    return { got, said }
  }
  expect(next([bytes, body]).got).toBe(head)
  expect(next([bytes], true)).toMatchObject({ got: { length: 0 }, said: '' })
  expect(next([bytes, body])).toEqual({ got: { ...head, repeated: false }, said: 'hello' })
  expect(next([Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: c\r\n\r\nworld')])).toMatchObject({
    got: { headers: ['Content-Length', '5', 'X-A', 'c'] },
    said: 'world',
  })
})

test('fields of the hop stay with the hop', () => {
  const { head } = all(
    'HTTP/1.1 200 OK\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nContent-Length: 0\r\nTrailer: x\r\nProxy-Authenticate: Basic\r\nX-End: 2\r\n\r\n',
  )
  expect(head).toMatchObject({ headers: ['Content-Length', '0', 'X-End', '2'], reusable: false })
})

test('an answer to HEAD has no body, whatever its length says, and one without a length ends with the connection', () => {
  expect(all('HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n', true)).toMatchObject({
    trailers: [],
    head: { headers: ['Content-Length', '999'] },
  })
  const { reader, head, body } = all('HTTP/1.0 200 OK\r\n\r\nabc')
  expect(head).toMatchObject({ length: -2, reusable: false })
  expect(body).toBe('abc')
  expect(reader.end()).toBe(true)
  expect(all('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc').reader.end()).toBe(false)
})

test('what two readers might read differently is refused', () => {
  for (const bad of [
    'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n',
    'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    'HTTP/1.1 200 OK\r\nX-A: b\r\n folded\r\nContent-Length: 0\r\n\r\n',
    'HTTP/1.1 200 OK\r\nX-A : b\r\n\r\n',
    'HTTP/1.1 200 OK\r\nX-A: b\nX-B: c\r\n\r\n',
    'HTTP/2 200 OK\r\n\r\n',
    'HTTP/1.1 20 OK\r\n\r\n',
    'HTTP/1.1 099 OK\r\n\r\n',
    'hello\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nabc',
    `HTTP/1.1 200 OK\r\nX: ${'y'.repeat(70_000)}`,
  ])
    expect(() => all(bad), bad.slice(0, 80)).toThrow(MalformedResponse)
})

test("after 101 the bytes are the tunnel's", () => {
  expect(all('HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n\x81\x00')).toMatchObject({
    tunnel: '\x81\x00',
  })
})

test('an answer that is not refused is one that llhttp reads as the same, with the same end', async () => {
  let agreed = 0
  await fc.assert(
    fc.asyncProperty(answers, cuts, fc.constantFrom('GET', 'HEAD'), fc.boolean(), async (text, sizes, method, ends) => {
      const bytes = Buffer.from(text, 'latin1')
      let ours: ReturnType<typeof read>
      try {
        ours = read(cut(bytes, sizes), method === 'HEAD')
        if (ends && ours.reader.end()) ours.trailers ??= []
      } catch (error) {
        if (!(error instanceof MalformedResponse)) throw error
        return
      }
      const { head, body, trailers } = ours
      if (head === undefined) return
      const byNode = await answerByNode(bytes, { method, ends })
      if (byNode === undefined) throw new Error(`only we read ${JSON.stringify(text)}`)
      agreed++
      expect({ status: head.status, body, ended: trailers !== undefined }, JSON.stringify(text)).toEqual({
        status: byNode.status,
        body: byNode.body,
        ended: byNode.ended,
      })
    }),
    { numRuns: 1500 },
  )
  expect(agreed).toBeGreaterThan(100)
}, 30_000)
