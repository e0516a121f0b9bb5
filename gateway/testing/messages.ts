import fc from 'fast-check'

/** Requests in which two readers have been known to see two different ends (RFC 9112 §11.2). `H` stands for a line with the host. */
export const smuggling: Readonly<Record<string, string>> = {
  'CL.TE': 'POST / HTTP/1.1\r\nH\r\nContent-Length: 13\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nSMUGGLED',
  'TE.CL': 'POST / HTTP/1.1\r\nH\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n8\r\nSMUGGLED\r\n0\r\n\r\n',
  'TE.TE':
    'POST / HTTP/1.1\r\nH\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nH\r\n\r\n',
  'TE, in another case': 'POST / HTTP/1.1\r\nH\r\ntransfer-ENCODING: Chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
  'TE with a tab': 'POST / HTTP/1.1\r\nH\r\nTransfer-Encoding:\tchunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
  'TE with a form feed': 'POST / HTTP/1.1\r\nH\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n',
  'TE in quotes': 'POST / HTTP/1.1\r\nH\r\nTransfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n',
  'TE as a list': 'POST / HTTP/1.1\r\nH\r\nTransfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n',
  'TE folded': 'POST / HTTP/1.1\r\nH\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n',
  'TE behind a space': 'POST / HTTP/1.1\r\nH\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'TE in 1.0': 'POST / HTTP/1.0\r\nH\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'a space before the colon': 'POST / HTTP/1.1\r\nH\r\nContent-Length : 5\r\n\r\nabcde',
  'a field without a name': 'POST / HTTP/1.1\r\nH\r\n: 5\r\nContent-Length: 5\r\n\r\nabcde',
  'a folded line': 'GET / HTTP/1.1\r\nH\r\nX-A: b\r\n Content-Length: 5\r\n\r\nabcde',
  'a folded line first': 'GET / HTTP/1.1\r\n X-A: b\r\nH\r\n\r\n',
  'two lengths': 'POST / HTTP/1.1\r\nH\r\nContent-Length: 5\r\nContent-Length: 0\r\n\r\nabcde',
  'the same length twice': 'POST / HTTP/1.1\r\nH\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nabcde',
  'a list of lengths': 'POST / HTTP/1.1\r\nH\r\nContent-Length: 5, 5\r\n\r\nabcde',
  'a length with +': 'POST / HTTP/1.1\r\nH\r\nContent-Length: +5\r\n\r\nabcde',
  'a length with -': 'POST / HTTP/1.1\r\nH\r\nContent-Length: -5\r\n\r\nabcde',
  'a length in hex': 'POST / HTTP/1.1\r\nH\r\nContent-Length: 0x5\r\n\r\nabcde',
  'a length with a zero first': 'POST / HTTP/1.1\r\nH\r\nContent-Length: 05\r\n\r\nabcde',
  'a length with a point': 'POST / HTTP/1.1\r\nH\r\nContent-Length: 5.0\r\n\r\nabcde',
  'a length in another script': 'POST / HTTP/1.1\r\nH\r\nContent-Length: \xb5\r\n\r\nabcde',
  'an empty length': 'POST / HTTP/1.1\r\nH\r\nContent-Length:\r\n\r\nabcde',
  'a length beyond all numbers': 'POST / HTTP/1.1\r\nH\r\nContent-Length: 18446744073709551621\r\n\r\nabcde',
  'a length with an underscore': 'POST / HTTP/1.1\r\nH\r\nContent_Length: 5\r\n\r\nabcde',
  'a length among the options': 'POST / HTTP/1.1\r\nH\r\nConnection: content-length\r\nContent-Length: 5\r\n\r\nabcde',
  'a chunk extension': 'POST / HTTP/1.1\r\nH\r\nTransfer-Encoding: chunked\r\n\r\n3;a="\r\n"\r\nabc\r\n0\r\n\r\n',
  'a chunk in 0x': 'POST / HTTP/1.1\r\nH\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n',
  'a chunk that is longer': 'POST / HTTP/1.1\r\nH\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n',
  'a chunk size beyond all numbers':
    'POST / HTTP/1.1\r\nH\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff3\r\nabc\r\n0\r\n\r\n',
  'a chunk with a bare line feed': 'POST / HTTP/1.1\r\nH\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\n0\n\n',
  'trailers that frame':
    'POST / HTTP/1.1\r\nH\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nContent-Length: 5\r\n\r\n',
  'bare line feeds': 'POST / HTTP/1.1\nH\nContent-Length: 5\n\nabcde',
  'a bare line feed in a value': 'GET / HTTP/1.1\r\nH\r\nX-A: b\nContent-Length: 5\r\n\r\nabcde',
  'a bare carriage return': 'GET / HTTP/1.1\r\nH\r\nX-A: b\rContent-Length: 5\r\n\r\nabcde',
  'a zero byte': 'GET / HTTP/1.1\r\nH\r\nX-A: b\0\r\n\r\n',
  'a zero byte in a name': 'POST / HTTP/1.1\r\nH\r\nContent-Length\0: 5\r\n\r\nabcde',
  'a target with a space': 'GET / x HTTP/1.1\r\nH\r\n\r\n',
  'a target with a tab': 'GET /\tx HTTP/1.1\r\nH\r\n\r\n',
  'a target beyond ASCII': 'GET /\xe9 HTTP/1.1\r\nH\r\n\r\n',
  'a target with a fragment': 'GET /#/../x HTTP/1.1\r\nH\r\n\r\n',
  'two spaces': 'GET  / HTTP/1.1\r\nH\r\n\r\n',
  'a tab for a space': 'GET\t/ HTTP/1.1\r\nH\r\n\r\n',
  'a line before the line': '\r\nGET / HTTP/1.1\r\nH\r\n\r\n',
  'no version': 'GET /\r\nH\r\n\r\n',
  'another version': 'GET / HTTP/1.2\r\nH\r\n\r\n',
  'a version in small letters': 'GET / http/1.1\r\nH\r\n\r\n',
  'a method in small letters': 'get / HTTP/1.1\r\nH\r\n\r\n',
  'a body with GET': 'GET / HTTP/1.1\r\nH\r\nContent-Length: 31\r\n\r\nGET /smuggled HTTP/1.1\r\nX-A: b\r\n',
  'a body with HEAD': 'HEAD / HTTP/1.1\r\nH\r\nContent-Length: 5\r\n\r\nabcde',
  'an upgrade with a body':
    'POST / HTTP/1.1\r\nH\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n\r\nabcde',
  'an upgrade that is none': 'GET / HTTP/1.1\r\nH\r\nUpgrade: x\r\n\r\nGET /second HTTP/1.1\r\nH\r\n\r\n',
  'an expectation': 'POST / HTTP/1.1\r\nH\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nabcde',
  'absolute form': 'GET http://web--demo.localhost/abs HTTP/1.1\r\nH\r\n\r\n',
  CONNECT: 'CONNECT web--demo.localhost:80 HTTP/1.1\r\nH\r\n\r\n',
  'several at once':
    'GET /1 HTTP/1.1\r\nH\r\n\r\nPOST /2 HTTP/1.1\r\nH\r\nContent-Length: 3\r\n\r\nabcGET /3 HTTP/1.1\r\nH\r\n\r\n',
}

const token = fc.constantFrom(
  'X-A',
  'accept',
  'Cookie',
  'x_y',
  'Via',
  'X-Forwarded-For',
  'Traceparent',
  'baggage',
  'M3O-Hops',
  'Keep-Alive',
  'TE',
  '__proto__',
  'constructor',
)
const value = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('b', 'a, b', 'a  b', 'close', '"x"') },
  fc.constant(''),
  fc.string({ unit: fc.constantFrom(...' !~:;,=az09\t\xe9'), maxLength: 12 }),
)
const plainField = fc
  .tuple(
    token,
    fc.oneof({ weight: 15, arbitrary: fc.constantFrom(': ', ':') }, fc.constantFrom(':  ', ':\t', ' : ')),
    value,
  )
  .map((parts) => parts.join(''))
const oddField = fc.constantFrom(
  'Connection: close',
  'Connection: keep-alive',
  'Connection: x, close',
  'Connection: content-length',
  'Content-Length: 3',
  'content-length: 0',
  'Content-Length: 03',
  'Content-Length: +3',
  'Content-Length: 3, 3',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: chunked, chunked',
  'Transfer-Encoding : chunked',
  'Transfer-Encoding: x',
  'Expect: 100-continue',
  'Upgrade: websocket',
  'Connection: Upgrade\r\nUpgrade: websocket',
  'Trailer: X-A',
  ' folded: x',
  'Host: other',
  'X-A: b\rX-B: c',
  'X-A: b\nX-B: c',
)
const body = fc.constantFrom('', 'abc', 'abcdefghij', '0\r\n\r\n', 'GET /inner HTTP/1.1\r\nHost: inner\r\n\r\n')

/** A request that is mostly right, with a body as its head says, or not. */
const request = fc
  .record({
    method: fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom('GET', 'POST', 'PUT', 'HEAD', 'DELETE', 'OPTIONS') },
      fc.constantFrom('PATCH', 'get', 'PURGE', 'TRACE', 'QUERY'),
    ),
    target: fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom('/', '/a/b?c=d', '/%00', '/a;b') },
      fc.constantFrom('*', 'x', '/a b', '/\xe9', 'http://web--demo.localhost/x'),
    ),
    version: fc.oneof(
      { weight: 12, arbitrary: fc.constant('HTTP/1.1') },
      fc.constantFrom('HTTP/1.0', 'HTTP/1.2', 'http/1.1', 'HTTP/1.1 '),
    ),
    fields: fc.array(fc.oneof({ weight: 9, arbitrary: plainField }, oddField), { maxLength: 3 }),
    body,
    framing: fc.oneof(
      { weight: 12, arbitrary: fc.constant('length' as const) },
      fc.constantFrom('chunked', 'none', 'both', 'short', 'long'),
    ),
    hostAt: fc.nat(4),
    eol: fc.oneof({ weight: 30, arbitrary: fc.constant('\r\n') }, fc.constantFrom('\n', '\r', '\r\r\n')),
  })
  .map(({ method, target, version, fields, body, framing, hostAt, eol }) => {
    const lines = fields.toSpliced(hostAt, 0, 'H')
    if (framing === 'length' && body !== '') lines.push(`Content-Length: ${body.length}`)
    if (framing === 'short' || framing === 'long' || framing === 'both')
      lines.push(
        `Content-Length: ${Math.max(0, body.length + (framing === 'long' ? 2 : framing === 'short' ? -1 : 0))}`,
      )
    if (framing === 'chunked' || framing === 'both') lines.push('Transfer-Encoding: chunked')
    const framed =
      framing === 'chunked' || framing === 'both'
        ? body === ''
          ? '0\r\n\r\n'
          : `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
        : body
    return `${[`${method} ${target} ${version}`, ...lines].join(eol)}${eol}${eol}${framed}`
  })

/** One, or the same several times: what is asked again is known. */
const asked = fc
  .tuple(
    fc.oneof({ weight: 8, arbitrary: request }, fc.constantFrom(...Object.values(smuggling))),
    fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, fc.integer({ min: 2, max: 5 })),
  )
  .map(([text, times]) => text.repeat(times))

/** Up to four in a row, and then something done to them. */
const mutated = fc
  .tuple(
    fc.array(asked, { minLength: 1, maxLength: 4 }),
    fc.array(
      fc.record({
        at: fc.double({ min: 0, max: 0.999, noNaN: true }),
        what: fc.oneof(
          fc.constant(''),
          fc.constantFrom('\r', '\n', '\r\n', ' ', '\t', '\0', ':', '\x7f', '\xff', '0', ',', 'H\r\n'),
        ),
        cut: fc.nat(2),
      }),
      { maxLength: 2 },
    ),
  )
  .map(([requests, changes]) => {
    let text = requests.join('')
    for (const { at, what, cut } of changes) {
      const place = Math.floor(at * text.length)
      text = text.slice(0, place) + what + text.slice(place + cut)
    }
    return text
  })

/** What callers might send on one connection, in latin1: right, wrong and in between. */
export const requests = (host: string): fc.Arbitrary<string> => mutated.map((text) => withHost(text, host))

export const withHost = (text: string, host: string): string =>
  text.replace(/(^|[\r\n])H(?=[\r\n]|$)/g, `$1Host: ${host}`)

/** Sizes by which bytes are cut into pieces. */
export const cuts = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 6 })

export function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const parts: Buffer[] = []
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] as number
    parts.push(bytes.subarray(at, at + size))
    at += size
  }
  return parts
}

const statusLine = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.constantFrom(
      'HTTP/1.1 200 OK',
      'HTTP/1.1 404 ',
      'HTTP/1.1 204 No Content',
      'HTTP/1.1 304 Not Modified',
      'HTTP/1.0 200 OK',
    ),
  },
  fc.constantFrom(
    'HTTP/1.1 200',
    'HTTP/1.1 100 Continue',
    'HTTP/1.1  200 OK',
    'HTTP/1.1 20 OK',
    'http/1.1 200 OK',
    'HTTP/2.0 200 OK',
    'ICY 200 OK',
    'HTTP/1.1 200 \x07',
  ),
)
const answerField = fc.oneof(
  { weight: 3, arbitrary: plainField },
  fc.constantFrom('Content-Length: 3', 'Transfer-Encoding: chunked', 'Connection: close', 'Set-Cookie: a=b'),
  fc.constantFrom(
    'content-length: 0',
    'Content-Length: 4',
    'Content-Length: +3',
    'Content-Length: 3, 3',
    'Transfer-Encoding: gzip, chunked',
    'Transfer-Encoding : chunked',
    'Connection: keep-alive',
    ' folded: x',
    'X-A: b\rX-B: c',
    'X-A: b\nX-B: c',
    'Upgrade: x',
    'Trailer: X-A',
  ),
)

/** What a service might answer on one connection. */
export const answers = fc
  .record({
    first: statusLine,
    // None twice: we read the same length twice as one (RFC 9110 §8.6), where llhttp refuses it.
    fields: fc.uniqueArray(answerField, { maxLength: 4 }),
    body: fc.oneof(
      body,
      fc.constantFrom(
        '3\r\nabc\r\n0\r\n\r\n',
        '3;x=y\r\nabc\r\n0\r\nX-T: 1\r\n\r\n',
        '0x3\r\nabc\r\n0\r\n\r\n',
        '3\r\nabcd\r\n0\r\n\r\n',
        '3\nabc\n0\n\n',
        '-3\r\nabc\r\n0\r\n\r\n',
      ),
    ),
    change: fc.option(
      fc.record({
        at: fc.double({ min: 0, max: 0.999, noNaN: true }),
        what: fc.constantFrom('', '\r', '\n', ' ', '\0', ':', '\xff'),
        cut: fc.nat(2),
      }),
      { freq: 1 },
    ),
  })
  .map(({ first, fields, body, change }) => {
    const text = `${[first, ...fields].join('\r\n')}\r\n\r\n${body}`
    if (change === null) return text
    const place = Math.floor(change.at * text.length)
    return text.slice(0, place) + change.what + text.slice(place + change.cut)
  })
