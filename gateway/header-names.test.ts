import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Server } from 'node:net'
import { createInterface } from 'node:readline'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { foldedName, isReservedName } from '#contract/headers.ts'
import { raw, type Stand, startStand } from './testing/stand.ts'

/** CGI and WSGI fold names: `M3O_Caller` becomes HTTP_M3O_CALLER, as `M3O-Caller` does. Python's own server shows what it makes of a request. */
const wsgi = `
import json, sys
from wsgiref.simple_server import make_server, WSGIRequestHandler
class Quiet(WSGIRequestHandler):
    def log_message(self, *args): pass
def app(environ, start):
    body = json.dumps({k: v for k, v in environ.items() if isinstance(v, str) and k.isupper()}).encode()
    start('200 OK', [('Content-Type', 'application/json'), ('Content-Length', str(len(body)))])
    return [body]
server = make_server('127.0.0.1', 0, app, handler_class=Quiet)
print(server.server_port, flush=True)
server.serve_forever()
`

let stand: Stand
let python: ChildProcess
let received: Promise<string>
const host = 'web--demo.localhost'
const ours = {
  M3O_Caller: 'person="eve@x.y"',
  m3o_hops: '99',
  'M3O-Anything': 'x',
  X_Forwarded_For: '6.6.6.6',
  'X-Forwarded_Proto': 'ftp',
  'x_forwarded-host': 'evil',
  'X-Forwarded-Port': '1',
  X_Real_IP: '6.6.6.6',
  'X-Real-IP': '6.6.6.6',
  Forwarded: 'for=6.6.6.6',
  Micro_Namespace: 'x',
  'Micro-From-Service': 'x',
  'M3O.Caller': 'x',
  'M3O~Hops': 'x',
  Proxy: 'http://evil',
  Content_Type: 'x/y',
  Sec_Fetch_Site: 'same-origin',
}

beforeAll(async () => {
  stand = await startStand()
  python = spawn('python3', ['-c', wsgi], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [port] = (await once(createInterface(python.stdout!), 'line')) as [string] // piped above
  const service = stand.service('web', { audience: { kind: 'anyone' } })
  stand.table.releases[`e_production/${service}`] = {
    environmentId: 'e_production',
    serviceId: service,
    deploymentId: 'd',
    revision: 'abc1234',
    state: 'live',
    reason: null,
    instances: [{ id: 'i_python', address: '127.0.0.1', port: Number(port) }],
  }
  const raws = stand.service('raws', { audience: { kind: 'anyone' } })
  let all = ''
  const server = await stand.upstream(
    (_, response) => void response.end(),
    (one: Server) =>
      one.on('connection', (socket) =>
        socket.on('data', (bytes: Buffer) => {
          all += bytes.toString('latin1')
        }),
      ),
  )
  stand.release(raws, 'e_production', [server])
  received = new Promise((resolve) => server.on('close', () => resolve(all)))
  stand.caller('k'.repeat(32), service, 'e_production')
  stand.token('m3o_ann')
  await stand.publish()
})
afterAll(async () => {
  python.kill()
  await once(python, 'close')
})

const lines = (more: Record<string, string> = {}) =>
  Object.entries({ ...ours, ...more })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')

async function environ(head: string): Promise<Record<string, string>> {
  const answer = await raw(stand.gateway.port, head, { patienceMs: 5_000 })
  expect(answer).toMatch(/^HTTP\/1\.1 200 /)
  return JSON.parse(answer.slice(answer.indexOf('{'), answer.lastIndexOf('}') + 1)) as Record<string, string>
}

const told = (found: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(found).filter(
      ([name, value]) =>
        (!/^HTTP_(HOST|CONNECTION|VIA|TRACEPARENT|BAGGAGE|X_FORWARDED_(FOR|PROTO|HOST)|M3O_(HOPS|CALLER)|X_API_KEY|X_TAB)$/.test(
          name,
        ) &&
          name.startsWith('HTTP_')) ||
        /evil|6\.6\.6\.6|eve@|^99$|ftp/.test(value),
    ),
  )

test('no name that folds to one of ours reaches a Python service, by a host, a path, a token or an instance, however the request is read', async () => {
  const close = 'Connection: close\r\n\r\n'
  const found = [
    await environ(`GET / HTTP/1.1\r\nHost: ${host}\r\nX_Api_Key: mine\r\n${lines()}${close}`),
    // A tab in a value, and HTTP/1.0, are for node:http.
    await environ(`GET / HTTP/1.1\r\nHost: ${host}\r\nX_Api_Key: mine\r\nX-Tab: a\tb\r\n${lines()}${close}`),
    await environ(`GET / HTTP/1.0\r\nHost: ${host}\r\nX_Api_Key: mine\r\n${lines()}\r\n`),
    await environ(
      `GET /v1/web/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer m3o_ann\r\nX_Api_Key: mine\r\n${lines()}${close}`,
    ),
    await environ(`GET /~${'k'.repeat(32)}/web/ HTTP/1.1\r\nHost: localhost\r\nX_Api_Key: mine\r\n${lines()}${close}`),
  ]
  for (const one of found) {
    expect(told(one)).toEqual({})
    expect(one).toMatchObject({
      HTTP_X_API_KEY: 'mine',
      HTTP_X_FORWARDED_FOR: '127.0.0.1',
      HTTP_X_FORWARDED_PROTO: 'http',
      HTTP_M3O_HOPS: expect.stringMatching(/^[12]$/) as string,
      CONTENT_TYPE: 'text/plain',
    })
  }
  expect(found.map(({ HTTP_M3O_CALLER: caller }) => caller)).toEqual([
    undefined,
    undefined,
    undefined,
    'person="ann@x.y", team="demo"',
    'service="web", team="demo"',
  ])
}, 20_000)

test('nor do they go through an upgrade, as trailers, or beside a length', async () => {
  const at = 'Host: raws--demo.localhost\r\n'
  await raw(
    stand.gateway.port,
    `GET /up HTTP/1.1\r\n${at}${lines()}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    { patienceMs: 300 },
  )
  await raw(
    stand.gateway.port,
    `POST /trailers HTTP/1.1\r\n${at}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n1\r\na\r\n0\r\n${lines({ Content_Length: '5', 'X-Sum': '1' })}\r\n`,
  )
  await raw(
    stand.gateway.port,
    `POST /length HTTP/1.1\r\n${at}Content-Length: 1\r\nContent_Length: 5\r\nTransfer_Encoding: chunked\r\nConnection: close\r\n\r\na`,
  )
  await stand.close()
  const text = await received
  expect(text).toContain('/up')
  expect(text).toContain('/trailers')
  expect(text).toContain('X-Sum: 1')
  expect(text).toContain('/length')
  for (const [name] of Object.entries({ ...ours, Content_Length: '', Transfer_Encoding: '' }))
    expect(text, name).not.toContain(`\r\n${name}: `)
})

test('a name with a space, a tab, a NUL or a byte beyond ASCII is no field at all', async () => {
  const own = await startStand()
  for (const name of [
    'M3O Caller',
    'M3O\tCaller',
    'M3O-Caller ',
    ' M3O-Caller',
    'M3O\0Caller',
    'M3O\xa0Caller',
    'M3O\xadCaller',
  ]) {
    const socket = connect(own.gateway.port, '127.0.0.1')
    let got = ''
    socket.setEncoding('latin1').on('data', (part: string) => {
      got += part
    })
    socket.end(Buffer.from(`GET / HTTP/1.1\r\nHost: ${host}\r\n${name}: x\r\n\r\n`, 'latin1'))
    await once(socket, 'close')
    expect(got, name).toMatch(/^HTTP\/1\.1 400 /)
  }
  await own.close()
})

test('however its letters and separators are written, a reserved name stays one', () => {
  const names = fc.constantFrom(
    'm3o-caller',
    'm3o-x',
    'x-forwarded-for',
    'forwarded',
    'traceparent',
    'micro-namespace',
    'x-real-ip',
    'content-length',
    'transfer-encoding',
    'proxy-connection',
  )
  const written = names.chain((name) =>
    fc
      .tuple(
        ...[...name].map((letter) =>
          letter === '-' ? fc.constantFrom(...'-_.!~|+*') : fc.constantFrom(letter, letter.toUpperCase()),
        ),
      )
      .map((letters) => letters.join('')),
  )
  fc.assert(fc.property(written, (name) => isReservedName(name) && foldedName(foldedName(name)) === foldedName(name)))
  for (const name of ['accept', 'x-api-key', 'x_api_key', 'm3other', 'micronesia', 'if-none-match', 'idempotency-key'])
    expect(isReservedName(name), name).toBe(false)
})
