// Over 300 lines: all of it shares two services that misbehave on demand.
import { hash } from 'node:crypto'
import { createServer as createHttp, type IncomingMessage, request as httpRequest, type Server } from 'node:http'
import { connect, createServer as createTcp, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bodyOf, portOf, raw, type Stand, startStand } from './testing/stand.ts'

let stand: Stand
let port: number
let seen: { method: string; url: string; raw: string[]; trailers: string[]; body: number; sha: string }[] = []
/** What the TCP service does with each connection. */
let speak: (socket: Socket, text: string) => void = () => {}
const events: string[] = []
let tcp: ReturnType<typeof createTcp>
const host = 'Host: web--demo.localhost\r\n'
const rude = 'Host: rude--demo.localhost\r\n'

beforeAll(async () => {
  stand = await startStand()
  port = stand.gateway.port
  const web = await stand.upstream(
    async (request, response) => {
      const url = request.url as string
      if (url === '/drip') {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
        response.once('close', () => events.push('drip closed'))
        return
      }
      if (url === '/deaf') {
        events.push('deaf begun')
        request.on('error', () => {})
        request.once('close', () => events.push(`deaf ${request.complete ? 'whole' : 'cut'}`))
        return void request.resume()
      }
      if (url === '/hints')
        return response.writeEarlyHints({ link: '</a.css>; rel=preload' }, () => response.end('hinted'))
      if (url === '/early') return void response.writeHead(413, { 'content-length': 3 }).end('big')
      if (url === '/big') {
        const chunk = Buffer.alloc(1 << 20, 'x')
        const more = () => {
          while (!response.destroyed && response.write(chunk)) events.length = 0
          events.push('held back')
        }
        response.on('drain', more)
        return more()
      }
      const body = await bodyOf(request).catch(() => undefined)
      if (body === undefined) return
      seen.push({
        method: request.method as string,
        url,
        raw: request.rawHeaders,
        trailers: request.rawTrailers,
        body: body.length,
        sha: hash('sha256', body),
      })
      if (request.method === 'HEAD') return void response.writeHead(200, { 'content-length': 5 }).end()
      if (url === '/204') return void response.writeHead(204).end()
      if (url === '/304') return void response.writeHead(304, { etag: '"x"' }).end()
      if (url === '/trailers') {
        response.writeHead(200, { trailer: 'X-Sum' })
        response.write('abc')
        response.addTrailers({ 'X-Sum': '6', 'M3O-Served-By': 'me' })
        return void response.end()
      }
      if (url === '/cookies')
        response.setHeader('set-cookie', [
          'a=1; Domain=demo.localhost; Path=/',
          'b=2',
          'next-auth.session-token=x',
          '__Secure-next-auth.y=z',
        ])
      response.setHeader('clear-site-data', '"cookies"')
      response.end('hello')
    },
    (server) => {
      server.on('checkContinue', (request: IncomingMessage, response) => {
        if (request.url === '/no') return void response.writeHead(417, { 'content-length': 0 }).end()
        response.writeContinue()
        server.emit('request', request, response)
      })
    },
  )
  stand.release(stand.service('web', { audience: { kind: 'anyone' } }), 'e_production', [web])
  tcp = createTcp((socket) => {
    socket.on('error', () => {})
    socket.setEncoding('latin1').on('data', (text: string) => speak(socket, text))
  })
  await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve))
  stand.release(stand.service('rude', { audience: { kind: 'anyone' } }), 'e_production', [tcp as unknown as Server])
  await stand.publish()
})
afterAll(async () => {
  await stand.close()
  await new Promise((resolve) => tcp.close(resolve))
})

const get = (path: string, more = '') => raw(port, `GET ${path} HTTP/1.1\r\n${host}${more}Connection: close\r\n\r\n`)

describe('requests', () => {
  test('keep their lines: absolute form wins over Host, asterisk form passes, HTTP/1.0 is understood', async () => {
    seen = []
    expect(
      await raw(port, 'GET http://web--demo.localhost/p?q=1 HTTP/1.1\r\nHost: elsewhere\r\nConnection: close\r\n\r\n'),
    ).toContain('hello')
    expect(await raw(port, `OPTIONS * HTTP/1.1\r\n${host}Connection: close\r\n\r\n`)).toMatch(/^HTTP\/1.1 200/)
    expect(await raw(port, `GET /old HTTP/1.0\r\n${host}\r\n`)).toMatch(/^HTTP\/1.1 200[^]*hello$/)
    expect(seen.map(({ url }) => url)).toEqual(['/p?q=1', '*', '/old'])
    const [first] = seen
    expect(first?.raw[first.raw.findIndex((name) => name === 'Host') + 1]).toBe('web--demo.localhost')
  })

  test('that two readers might frame differently are refused and end the connection', async () => {
    seen = []
    const smuggled = '0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: web--demo.localhost\r\n\r\n'
    for (const [what, text] of Object.entries({
      'both framings': `POST / HTTP/1.1\r\n${host}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n${smuggled}`,
      'both, the other way': `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n${smuggled}`,
      'two lengths': `POST / HTTP/1.1\r\n${host}Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde`,
      'same length twice': `POST / HTTP/1.1\r\n${host}Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd`,
      'a list of lengths': `POST / HTTP/1.1\r\n${host}Content-Length: 4, 4\r\n\r\nabcd`,
      'a signed length': `POST / HTTP/1.1\r\n${host}Content-Length: +4\r\n\r\nabcd`,
      'an odd encoding': `POST / HTTP/1.1\r\n${host}Transfer-Encoding: xchunked\r\n\r\n${smuggled}`,
      'an encoding more': `POST / HTTP/1.1\r\n${host}Transfer-Encoding: gzip, chunked\r\n\r\n${smuggled}`,
      'two encodings': `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n${smuggled}`,
      'chunks in 1.0': `POST / HTTP/1.0\r\n${host}Transfer-Encoding: chunked\r\n\r\n${smuggled}`,
      'a space before the colon': `POST / HTTP/1.1\r\n${host}Transfer-Encoding : chunked\r\n\r\n${smuggled}`,
      'a folded line': `POST / HTTP/1.1\r\n${host}X-A: b\r\n Transfer-Encoding: chunked\r\n\r\n`,
      'a bare line feed': `GET / HTTP/1.1\nHost: web--demo.localhost\n\n`,
      'a bare carriage return': `GET / HTTP/1.1\r\n${host}X-A: b\rX-B: c\r\n\r\n`,
      'a zero byte': `GET / HTTP/1.1\r\n${host}X-A: b\0c\r\n\r\n`,
      'a bad chunk size': `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n0x4\r\nabcd\r\n0\r\n\r\n`,
      'two hosts': `GET / HTTP/1.1\r\n${host}Host: rude--demo.localhost\r\n\r\n`,
      'no host': 'GET / HTTP/1.1\r\n\r\n',
      'no version': 'GET /\r\n\r\n',
      'another version': `GET / HTTP/2.0\r\n${host}\r\n`,
      'an odd host': 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n',
      'an address with a user': 'GET / HTTP/1.1\r\nHost: x@web--demo.localhost\r\n\r\n',
      'no path': `GET web HTTP/1.1\r\n${host}\r\n`,
    })) {
      const answer = await raw(port, text, { patienceMs: 700, end: what === 'a bad chunk size' })
      expect(answer, what).toMatch(/^HTTP\/1\.1 (400 Bad Request|408)[^]*"code":40/)
      expect(answer.match(/HTTP\/1\.1 /g), what).toHaveLength(1)
    }
    expect(seen.filter(({ url }) => url === '/smuggled')).toEqual([])
  })

  test('too large a head is 431, too long an address 413, CONNECT and TRACE are refused', async () => {
    expect(await get('/', `X-A: ${'y'.repeat(40_000)}\r\n`)).toMatch(/^HTTP\/1.1 431/)
    expect(await get(`/${'y'.repeat(20_000)}`)).toMatch(/^HTTP\/1.1 413/)
    expect(await raw(port, 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n')).toMatch(/^HTTP\/1.1 405/)
    expect(await raw(port, `TRACE / HTTP/1.1\r\n${host}Connection: close\r\n\r\n`)).toMatch(/^HTTP\/1.1 405/)
  })

  test('several in one packet are answered in their order', async () => {
    const answer = await raw(
      port,
      `GET /1 HTTP/1.1\r\n${host}\r\nPOST /2 HTTP/1.1\r\n${host}Content-Length: 3\r\n\r\nabcGET /204 HTTP/1.1\r\n${host}Connection: close\r\n\r\n`,
    )
    expect([...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(['200', '200', '204'])
  })

  test('a large body arrives whole, with a length and in chunks, and keeps neither side waiting in memory', async () => {
    for (const headers of [{ 'content-length': 64 << 20 }, { 'transfer-encoding': 'chunked' }]) {
      seen = []
      const chunk = Buffer.alloc(1 << 20, 'z')
      const before = process.memoryUsage.rss()
      await new Promise<void>((resolve, reject) => {
        const sent = httpRequest(
          {
            host: '127.0.0.1',
            port,
            path: '/up',
            method: 'PUT',
            agent: false,
            headers: { host: 'web--demo.localhost', ...headers },
          },
          (answer) => answer.resume().once('end', resolve),
        )
        sent.on('error', reject)
        let left = 64
        const more = () => {
          while (left > 0) {
            left--
            if (!sent.write(chunk)) return void sent.once('drain', more)
          }
          sent.end()
        }
        more()
      })
      expect(seen[0]?.body).toBe(64 << 20)
      expect(process.memoryUsage.rss() - before).toBeLessThan(400 << 20)
    }
  })

  test('chunks bring their trailers along, but none that would say who asks or how it is framed', async () => {
    seen = []
    const chunked =
      'Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\nConnection: close\r\n\r\n3;a=b\r\nabc\r\n0\r\nX-Sum: 6\r\nM3O-Caller: me\r\nAuthorization: x\r\nbaggage: m3o-env=x\r\n\r\n'
    expect(await raw(port, `POST /up HTTP/1.1\r\n${host}${chunked}`)).toContain('hello')
    expect(seen).toMatchObject([{ body: 3, trailers: ['X-Sum', '6'] }])
  })

  test("Expect: 100-continue is the service's to answer", async () => {
    const socket = connect(port, '127.0.0.1')
    let got = ''
    socket.setEncoding('latin1').on('data', (text: string) => {
      got += text
    })
    socket.write(`POST /up HTTP/1.1\r\n${host}Content-Length: 5\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n`)
    await expect.poll(() => got).toBe('HTTP/1.1 100 Continue\r\n\r\n')
    socket.write('hello')
    await expect.poll(() => got).toContain('200 OK')
    expect(await raw(port, `POST /no HTTP/1.1\r\n${host}Content-Length: 5\r\nExpect: 100-continue\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 417[^]*connection: close/i,
    )
    expect(await raw(port, `POST /no HTTP/1.1\r\n${host}Content-Length: 5\r\nExpect: a-miracle\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 417[^]*"code":417/,
    )
  })

  test('interim answers reach who knows them', async () => {
    expect(await get('/hints')).toMatch(/^HTTP\/1.1 103 Early Hints\r\nLink: .*\r\n\r\nHTTP\/1.1 200 OK[^]*hinted$/)
    expect(await raw(port, `GET /hints HTTP/1.0\r\n${host}\r\n`)).toMatch(/^HTTP\/1.1 200 OK[^]*hinted$/)
    expect(
      await raw(port, `POST /up HTTP/1.0\r\n${host}Content-Length: 5\r\nExpect: 100-continue\r\n\r\nhello`),
    ).toMatch(/^HTTP\/1.1 200 OK/)
  })

  test('a refusal leaves a connection that is in order as it is', async () => {
    const refused = 'GET /v1/@demo/nosuch/x HTTP/1.1\r\nHost: h\r\n'
    expect((await raw(port, `${refused}\r\n${refused}Connection: close\r\n\r\n`)).match(/404 Not Found/g)).toHaveLength(
      2,
    )
  })

  test('an answer that comes before the body ended is delivered', async () => {
    const answer = await raw(
      port,
      `POST /early HTTP/1.1\r\n${host}Content-Length: 100000000\r\n\r\n${'x'.repeat(100_000)}`,
      { patienceMs: 400 },
    )
    expect(answer).toMatch(/^HTTP\/1.1 413[^]*big$/)
  })

  test('a slow head is given up, a slow body is not', async () => {
    const slow = raw(port, `GET / HTTP/1.1\r\n${host}`, { patienceMs: 25_000 })
    const socket = connect(port, '127.0.0.1')
    let got = ''
    socket.setEncoding('latin1').on('data', (text: string) => {
      got += text
    })
    socket.write(`POST /up HTTP/1.1\r\n${host}Content-Length: 18\r\nConnection: close\r\n\r\n`)
    const dripping = setInterval(() => socket.write('x'), 1000)
    expect(await slow).toMatch(/^HTTP\/1.1 408/)
    expect(got).toBe('')
    await expect.poll(() => got, { timeout: 10_000 }).toContain('200 OK')
    clearInterval(dripping)
  }, 40_000)
})

describe('answers', () => {
  test('to HEAD, 204 and 304 have no body, and trailers arrive', async () => {
    expect(await raw(port, `HEAD / HTTP/1.1\r\n${host}Connection: close\r\n\r\n`)).toMatch(
      /content-length: 5\r\n[^]*\r\n\r\n$/i,
    )
    expect(await get('/204')).toMatch(/^HTTP\/1.1 204[^]*\r\n\r\n$/)
    expect(await get('/304')).toMatch(/^HTTP\/1.1 304[^]*etag: "x"[^]*\r\n\r\n$/)
    const trailed = await get('/trailers')
    expect(trailed).toMatch(/3\r\nabc\r\n0\r\nX-Sum: 6\r\n\r\n$/)
    expect(trailed.match(/M3O-Served-By/gi)).toHaveLength(1)
  })

  test("set no cookie for others, nor the console's, and clear nobody's", async () => {
    const answer = await get('/cookies')
    expect(answer.match(/^set-cookie: .*$/gim)).toEqual(['set-cookie: a=1; Path=/', 'set-cookie: b=2'])
    expect(answer).not.toMatch(/clear-site-data/i)
    const underV1 = await raw(
      port,
      'GET /v1/@demo/web/cookies HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n',
    )
    expect(underV1).not.toMatch(/set-cookie/i)
    expect(underV1).toMatch(/content-security-policy: sandbox/i)
  })

  test('of events arrive as they are said, and the service hears when the reader leaves', async () => {
    events.length = 0
    const socket = connect(port, '127.0.0.1')
    let got = ''
    socket.setEncoding('latin1').on('data', (text: string) => {
      got += text
    })
    socket.write(`GET /drip HTTP/1.1\r\n${host}\r\n`)
    await expect.poll(() => got).toContain('text/event-stream')
    socket.destroy()
    await expect.poll(() => events).toContain('drip closed')
  })

  test('a reader that stops reading stops the service, and a caller that leaves midway is noticed', async () => {
    events.length = 0
    const socket = connect(port, '127.0.0.1')
    socket.write(`GET /big HTTP/1.1\r\n${host}\r\n`)
    socket.once('data', () => socket.pause())
    await expect.poll(() => events.length, { timeout: 5000 }).toBeGreaterThan(0)
    socket.destroy()
    events.length = 0
    const cut = connect(port, '127.0.0.1')
    cut.write(`POST /deaf HTTP/1.1\r\n${host}Content-Length: 10\r\n\r\nabc`)
    await expect.poll(() => events).toContain('deaf begun')
    cut.destroy()
    await expect.poll(() => events).toContain('deaf cut')
  })

  test('cut short never look whole', async () => {
    const answers = {
      length: 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc',
      chunks: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
      'half a chunk': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhello',
    }
    for (const [what, answer] of Object.entries(answers)) {
      speak = (socket) => socket.write(answer, () => setTimeout(() => socket.destroy(), 20))
      const failed = await new Promise((resolve) => {
        httpRequest(
          { host: '127.0.0.1', port, agent: false, headers: { host: 'rude--demo.localhost' } },
          (response) => {
            response
              .resume()
              .once('error', () => resolve('cut'))
              .once('end', () => resolve('whole'))
          },
        )
          .on('error', () => resolve('cut'))
          .end()
      })
      expect(failed, what).toBe('cut')
      const old = await new Promise((resolve) => {
        const socket = connect(port, '127.0.0.1')
          .once('error', () => resolve('reset'))
          .once('end', () => resolve('clean'))
          .resume()
        socket.write(`GET / HTTP/1.0\r\n${rude}\r\n`)
      })
      if (what !== 'length') expect(old, `${what}, 1.0`).toBe('reset')
    }
    speak = (socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nuntil the end')
    expect(await raw(port, `GET / HTTP/1.1\r\n${rude}Connection: close\r\n\r\n`)).toContain('until the end')
  })

  test('that are not HTTP are 502, without what they said', async () => {
    for (const answer of [
      'SSH-2.0-OpenSSH\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      'HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
    ]) {
      speak = (socket) => socket.write(answer)
      const got = await raw(port, `GET / HTTP/1.1\r\n${rude}Connection: close\r\n\r\n`)
      expect(got).toMatch(/^HTTP\/1.1 502[^]*"code":502/)
      expect(got).not.toContain('SSH')
    }
  })

  test("of one request are never another's: a service that speaks unasked is cut off", async () => {
    speak = (socket) =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison')
    for (let i = 0; i < 3; i++)
      expect(await raw(port, `GET /${i} HTTP/1.1\r\n${rude}Connection: close\r\n\r\n`)).toMatch(/\r\n\r\nok$/)
  })
})

describe('connections', () => {
  test('that die unanswered are tried again for what may be repeated, and for nothing else', async () => {
    const asked: string[] = []
    let served = 0
    speak = (socket, text) => {
      asked.push(text.split(' ')[0] as string)
      // Each connection answers once and then dies on its second request.
      if ((socket as { used?: boolean }).used) return void socket.destroy()
      ;(socket as { used?: boolean }).used = true
      served++
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    }
    const one = (method: string, body = '') =>
      raw(
        port,
        `${method} / HTTP/1.1\r\n${rude}${body && `Content-Length: ${body.length}\r\n`}Connection: close\r\n\r\n${body}`,
      )
    for (let i = 0; i < 4; i++) expect(await one('GET')).toMatch(/^HTTP\/1.1 200/)
    expect(await one('PUT', 'abc')).toMatch(/^HTTP\/1.1 200/)
    expect(served).toBe(5)
    asked.length = 0
    expect(await one('POST', 'abc')).toMatch(/^HTTP\/1.1 502/)
    expect(asked).toEqual(['POST'])
  })

  test('wait a moment for somebody who listens, and a restarted service loses nothing', async () => {
    const once = createHttp((_, response) => response.end('back'))
    await new Promise<void>((resolve) => once.listen(0, '127.0.0.1', resolve))
    const free = portOf(once)
    stand.release(stand.service('gone', { audience: { kind: 'anyone' } }), 'e_production', [once])
    await stand.publish()
    await new Promise((resolve) => once.close(resolve))
    const waiting = raw(port, 'GET / HTTP/1.1\r\nHost: gone--demo.localhost\r\nConnection: close\r\n\r\n')
    setTimeout(() => once.listen(free, '127.0.0.1'), 150)
    expect(await waiting).toContain('back')
    await new Promise((resolve) => once.close(resolve))
    expect(
      await raw(port, 'GET / HTTP/1.1\r\nHost: gone--demo.localhost\r\nConnection: close\r\n\r\n', {
        patienceMs: 3000,
      }),
    ).toMatch(/^HTTP\/1.1 503[^]*retry-after: 1/i)
  })
})
