import { expect, test } from 'vitest'
import { startPlatform } from '#e2e/platform/platform.ts'

/** Says what served what it called, and what that said. */
const node = (next: string) => ({
  'index.js': `const http = require('node:http')
http.createServer((request, response) => {
  if (request.url !== '/x') return response.end()
  http.get(process.env.M3O_GATEWAY + '/${next}/x', (answer) => {
    let text = ''
    answer.on('data', (part) => (text += part)).on('end', () => response.end(answer.headers['m3o-served-by'].replace(/@\\w+/, '') + ', ' + text))
  }).on('error', (error) => response.end(String(error)))
}).listen(process.env.PORT, process.env.HOST)
`,
})

const python = (next: string) => ({
  'main.py': `import os, urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        if self.path != '/x':
            return
        with urllib.request.urlopen(os.environ['M3O_GATEWAY'] + '/${next}/x') as answer:
            name, _, environment = answer.headers['m3o-served-by'].partition(' ')
            self.wfile.write((name.split('@')[0] + ' ' + environment + ', ').encode() + answer.read())

HTTPServer((os.environ['HOST'], int(os.environ['PORT'])), Handler).serve_forever()
`,
})

/** Speaks HTTP by itself and passes nothing on. */
const deaf = (next: string) => ({
  'index.js': `const net = require('node:net')
const { hostname, port, pathname } = new URL(process.env.M3O_GATEWAY)
net.createServer((client) => client.once('data', (data) => {
  if (!String(data).startsWith('GET /x ')) return client.end('HTTP/1.1 200 OK\\r\\nConnection: close\\r\\nContent-Length: 0\\r\\n\\r\\n')
  const gateway = net.connect(Number(port), hostname, () => gateway.write('GET ' + pathname + '/${next}/x HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n'))
  let text = ''
  gateway.on('data', (part) => (text += part)).on('end', () => {
    const [head, body] = text.split('\\r\\n\\r\\n')
    const said = /m3o-served-by: (\\w+)@\\w+ (\\w+)/i.exec(head).slice(1).join(' ') + ', ' + (/chunked/i.test(head) ? '' : body)
    client.end('HTTP/1.1 200 OK\\r\\nConnection: close\\r\\nContent-Length: ' + said.length + '\\r\\n\\r\\n' + said)
  })
}).on('error', () => {})).listen(process.env.PORT, process.env.HOST)
`,
})

const last = {
  'index.js': `require('node:http').createServer((request, response) => response.end('end')).listen(process.env.PORT, process.env.HOST)`,
}

test('calls stay in their environment through services of their own and inherited ones, in Node and in Python, with no change to their code', async () => {
  await using platform = await startPlatform()
  const { id: alice } = await platform.rpc.call('environments.create', {
    teamId: platform.teamId,
    name: 'alice',
    parentId: platform.production,
    ownerId: platform.userId,
  })
  const shell = { 'm3o.json': JSON.stringify({ command: 'exec node index.js' }), 'package.json': '{}' }
  const first = await Promise.all([
    platform.deploy('a', { ...node('b'), ...shell }),
    platform.deploy('b', python('c')),
    platform.deploy('c', node('d')),
    platform.deploy('d', python('end')),
    platform.deploy('end', last),
  ])
  // What a team sets for Python does not take the place of what carries the context.
  await platform.rpc.call('variables.set', {
    serviceId: first[1].serviceId,
    environmentId: platform.production,
    name: 'PYTHONPATH',
    value: '/app/lib',
    secret: false,
  })
  const again = await Promise.all([
    platform.deploy('b', python('c'), alice),
    platform.deploy('d', python('end'), alice),
  ])
  expect([...first, ...again].map(({ state, error }) => error ?? state)).toEqual(
    Array.from({ length: 7 }, () => 'live'),
  )

  const call = async (environment: string) => (await platform.call('a', { 'm3o-environment': environment })).body
  expect(await call('alice')).toBe('b alice, c production, d alice, end production, end')
  expect(await call('production')).toBe('b production, c production, d production, end production, end')
  const mixed = await Promise.all(Array.from({ length: 40 }, (_, n) => call(n % 2 ? 'alice' : 'production')))
  expect(
    mixed.filter(
      (text, n) =>
        text !==
        `b ${n % 2 ? 'alice' : 'production'}, c production, d ${n % 2 ? 'alice' : 'production'}, end production, end`,
    ),
  ).toEqual([])
}, 90_000)

test('what a service does not carry is counted on its page; its copy in an overlay calls in that overlay all the same', async () => {
  await using platform = await startPlatform()
  const { id: alice } = await platform.rpc.call('environments.create', {
    teamId: platform.teamId,
    name: 'alice',
    parentId: platform.production,
    ownerId: platform.userId,
  })
  const [first] = await Promise.all([platform.deploy('deaf', deaf('end')), platform.deploy('end', last)])
  expect([first.error, (await platform.deploy('end', last, alice)).error]).toEqual([null, null])
  const call = async () => (await platform.call('deaf', { 'm3o-environment': 'alice' })).body
  const lost = async (environmentId: string) =>
    (await platform.rpc.call('services.traffic', { serviceId: first.serviceId, environmentId })).lost

  expect(await call()).toMatch(/^end production/)
  await expect
    .poll(() => lost(platform.production), { timeout: 5_000 })
    .toMatchObject({
      environment: 'production',
      revision: first.revision,
      calls: 1,
      callees: [{ service: 'end', calls: 1 }],
    })
  expect(await lost(alice)).toMatchObject({ calls: 1 })

  await platform.deploy('deaf', deaf('end'), alice)
  expect(await call()).toMatch(/^end alice/)
  expect(await lost(alice)).toBeNull()
}, 90_000)
