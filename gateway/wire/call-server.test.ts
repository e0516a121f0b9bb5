import fc from 'fast-check'
import { type IncomingMessage, ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { CallRequest, CallResponse } from '../call.ts'
import { raw } from '../testing/stand.ts'
import { cut, cuts } from '../testing/messages.ts'
import type { Upgraded } from '../proxy/upgrade-exchange.ts'
import { CallServer } from './call-server.ts'
import { WireRequest } from './wire-request.ts'

/** Who read each request, and what it asked. */
let seen: string[] = []
const events: string[] = []
let server: CallServer
let port: number

function echo(request: CallRequest, response: CallResponse, upgraded?: Upgraded): void {
  seen.push(`${request instanceof WireRequest ? 'we' : 'node'} ${request.method} ${request.url}`)
  if (request.url === '/socket' && upgraded !== undefined) return takeOver(upgraded)
  if (request.url === '/held') return void response.on('close', () => events.push('gone'))
  if (request.url === '/early') {
    response.writeHead(200, 'OK', ['Content-Length', '5']).end('early')
    return void request.resume()
  }
  if (request.url === '/unread')
    return void response.writeHead(413, { 'content-length': 3, connection: 'close' }).end('big')
  if (request.url === '/chunks') {
    response.writeHead(200, 'Fine', ['X-A', 'b'])
    response.flushHeaders()
    for (const part of ['a', 'bc'.repeat(20_000)]) response.write(Buffer.from(part))
    response.addTrailers([['X-Sum', '3']])
    return void response.end()
  }
  let body = ''
  const answer = () => {
    const text = `${request.method} ${request.url} ${body}`
    response.writeHead(200, 'OK', ['Content-Length', String(text.length), 'Date', 'x']).end(text, 'latin1')
  }
  if ((request.headers['content-length'] ?? '0') === '0' && request.headers['transfer-encoding'] === undefined)
    return answer()
  request.on('data', (chunk) => {
    body += chunk.toString('latin1')
  })
  request.on('end', answer)
  request.resume()
}

/** Says what it hears, until a full stop. */
function takeOver({ socket, detach }: Upgraded): void {
  const hear = (text: string) => {
    if (socket.write(text) && text.includes('.')) socket.end()
  }
  const ahead = detach().toString()
  socket.write('HTTP/1.1 101 Switching\r\n\r\n')
  hear(ahead)
  socket.on('data', (chunk) => hear(chunk.toString()))
}

beforeAll(async () => {
  server = new CallServer(
    { headersTimeout: 300, connectionsCheckingInterval: 50, keepAliveTimeout: 1000, noDelay: true },
    echo,
  )
  server.on('request', (request: IncomingMessage, response: ServerResponse) => echo(request, response))
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) =>
    echo(request, new ServerResponse(request), { socket, detach: () => head }),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
})
afterAll(
  () =>
    new Promise((resolve) => {
      server.close(resolve)
      server.closeAllConnections()
    }),
)
beforeEach(() => {
  seen = []
  events.length = 0
})

const plain = (url: string, more = '') => `GET ${url} HTTP/1.1\r\nHost: h\r\n${more}\r\n`
const post = (url: string, body: string, more = '') =>
  `POST ${url} HTTP/1.1\r\nHost: h\r\n${more}Content-Length: ${body.length}\r\n\r\n${body}`
const chunked = (url: string, body: string) =>
  `POST ${url} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`

/** Writes the parts one by one, and gives what came until the end. */
function inParts(parts: readonly Buffer[]): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    let got = ''
    socket
      .setEncoding('latin1')
      .on('data', (text: string) => {
        got += text
      })
      .on('error', () => {})
      .on('close', () => resolve(got))
    const write = (at: number) => {
      if (at < parts.length) socket.write(parts[at] as Buffer, () => setImmediate(write, at + 1))
    }
    write(0)
  })
}

const bodies = (answer: string) => answer.split(/HTTP\/1\.1 200 OK\r\n(?:[^\r]+\r\n)+\r\n/).slice(1)

test('a websocket is given away with what came behind its head, however that was cut, and what a refused one says is no request', async () => {
  const ask = (url: string) => plain(url, 'Connection: Upgrade\r\nUpgrade: websocket\r\n')
  const bytes = (text: string) => Buffer.from(text, 'latin1')
  for (const size of [7, 1000]) {
    expect(
      await inParts([bytes(plain('/before')), ...cut(bytes(`${ask('/socket')}behind`), [size]), bytes('.')]),
    ).toMatch(/GET \/before HTTP\/1\.1 101 Switching\r\n\r\nbehind\.$/)
  }
  expect(bodies(await inParts(cut(bytes(`${ask('/refused')}${plain('/smuggled')}`), [1000])))).toEqual([
    'GET /refused ',
  ])
  expect(seen.filter((one) => !one.endsWith('/before'))).toEqual([
    'node GET /socket',
    'we GET /socket',
    'we GET /refused',
  ])
})

test('requests are answered in their order, whoever reads them and however they are cut', async () => {
  const kinds = {
    plain: () => plain('/a'),
    post: () => post('/b', 'hello'),
    empty: () => post('/c', ''),
    chunked: () => chunked('/d', 'chunky'),
    odd: () => plain('/e', 'X-A: b\tc\r\n'),
  }
  const said: Record<keyof typeof kinds, string> = {
    plain: 'GET /a ',
    post: 'POST /b hello',
    empty: 'POST /c ',
    chunked: 'POST /d chunky',
    odd: 'GET /e ',
  }
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...(Object.keys(kinds) as (keyof typeof kinds)[])), { maxLength: 6 }),
      cuts,
      async (order, sizes) => {
        const text = [...order.map((kind) => kinds[kind]()), plain('/last', 'Connection: close\r\n')].join('')
        expect(bodies(await inParts(cut(Buffer.from(text, 'latin1'), sizes)))).toEqual([
          ...order.map((kind) => said[kind]),
          'GET /last ',
        ])
      },
    ),
    { numRuns: 60 },
  )
}, 30_000)

test("a connection is ours until something comes that is not plain, and node:http's from there on", async () => {
  const answer = await raw(
    port,
    `${plain('/1')}${post('/2', 'x')}${chunked('/3', 'y')}${plain('/4', 'Connection: close\r\n')}`,
  )
  expect(bodies(answer)).toEqual(['GET /1 ', 'POST /2 x', 'POST /3 y', 'GET /4 '])
  expect(seen).toEqual(['we GET /1', 'we POST /2', 'node POST /3', 'node GET /4'])
})

test('an answer without a length is in chunks, with its trailers; to HEAD it has none', async () => {
  const answer = await raw(
    port,
    `${plain('/chunks')}${plain('/chunks', 'Connection: close\r\n').replace('GET', 'HEAD')}`,
  )
  expect(answer).toMatch(
    /^HTTP\/1\.1 200 Fine\r\nX-A: b\r\nDate: [^\r]+ GMT\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\nKeep-Alive: timeout=1\r\n\r\n1\r\na\r\n9c40\r\n(?:bc){20000}\r\n0\r\nX-Sum: 3\r\n\r\nHTTP\/1\.1 200 Fine\r\nX-A: b\r\nDate: [^\r]+\r\nConnection: close\r\n\r\n$/,
  )
})

test('a body that nobody reads does not become a request, and its caller still gets the answer', async () => {
  const inner = plain('/inner')
  expect(await raw(port, post('/unread', inner.repeat(2000)) + inner)).toMatch(/^HTTP\/1\.1 413 [^]*\r\n\r\nbig$/)
  expect(seen).toEqual(['we POST /unread'])
})

test('what follows an early answer waits until the body has come', async () => {
  const socket = connect(port, '127.0.0.1')
  let got = ''
  socket.setEncoding('latin1').on('data', (text: string) => {
    got += text
  })
  socket.write(`POST /early HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n12345`)
  await expect.poll(() => got).toContain('early')
  socket.write(`67890${plain('/next', 'Connection: close\r\n')}`)
  await expect.poll(() => got).toMatch(/GET \/next $/)
  expect(seen).toEqual(['we POST /early', 'we GET /next'])
})

test('a caller that leaves, or says no more, is noticed', async () => {
  for (const leave of [
    (socket: Socket) => socket.destroy(),
    (socket: Socket) => socket.end(),
    (socket: Socket) => socket.resetAndDestroy(),
  ]) {
    events.length = 0
    seen = []
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    socket.write(plain('/held'))
    await expect.poll(() => seen).toHaveLength(1)
    leave(socket)
    await expect.poll(() => events).toEqual(['gone'])
  }
})

test('who connects and says nothing is told so after a while, and an idle connection ends', async () => {
  expect(await raw(port, '', { patienceMs: 5000 })).toMatch(/^HTTP\/1\.1 408/)
  expect(await raw(port, plain('/a'), { patienceMs: 5000 })).toMatch(/GET \/a $/)
})

test('of a server that closes, idle connections end and answers say that they are the last', async () => {
  const closing = new CallServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    if (request.url === '/slow') closing.close()
    response.writeHead(200, { 'content-length': 0 }).end()
  })
  await new Promise<void>((resolve) => closing.listen(0, '127.0.0.1', resolve))
  const at = (closing.address() as AddressInfo).port
  const idle = raw(at, plain('/'), { patienceMs: 10_000 })
  await expect.poll(() => new Promise((resolve) => closing.getConnections((_, count) => resolve(count)))).toBe(1)
  const closed = new Promise((resolve) => closing.once('close', resolve))
  expect(await raw(at, plain('/slow'), { patienceMs: 10_000 })).toMatch(/Connection: close/)
  expect(await idle).toMatch(/keep-alive/)
  await closed
})

test('of one that has a successor, a connection in use is ended by its next answer, and only one that was not used for a while by itself', async () => {
  let asked = 0
  const closing = new CallServer({ keepAliveTimeout: 60_000 }, (_request, response) => {
    asked++
    response.writeHead(200, { 'content-length': 0 }).end()
  })
  await new Promise<void>((resolve) => closing.listen(0, '127.0.0.1', resolve))
  const at = (closing.address() as AddressInfo).port
  let got = ''
  const used = connect(at, '127.0.0.1')
    .setEncoding('latin1')
    .on('data', (text: string) => {
      got += text
    })
  used.write(plain('/'))
  const unused = raw(at, plain('/'), { patienceMs: 10_000 })
  await expect.poll(() => asked).toBe(2)
  await expect.poll(() => got).toMatch(/keep-alive/)

  closing.unusedMs = 60_000
  const closed = new Promise((resolve) => closing.once('close', resolve))
  closing.close()
  used.write(plain('/'))
  await expect.poll(() => got).toMatch(/Connection: close/)
  closing.unusedMs = 0
  closing.closeIdleConnections()
  expect(await unused).toMatch(/keep-alive/)
  await closed
})
