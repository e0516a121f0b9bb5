import { Agent, request } from 'node:http'
import { parseArgs } from 'node:util'
import { startPlatform, type TestPlatform } from '#e2e/platform/platform.ts'

/*
 * Do calls stay in their environment? Real gateway, real sandboxes. A call goes through four services, A → B → C → D: A
 * and C run in production alone, B and D also in each other environment, in every other one of them in Python. A answers with
 * express; C in thirds with fastify, Python and the SDK. Each hop calls on in a way chosen at random (`ways`, in Node and
 * Python); all environments call at once, and each answer tells in which copies it was made and by which ways.
 *
 * `node bench/carry.ts [--calls 100000] [--environments 50] [--at-once 64]`; reach: 0 in a wrong one.
 */

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '100000' },
    environments: { type: 'string', default: '50' },
    'at-once': { type: 'string', default: '64' },
  },
})
const calls = Number(values.calls)
const atOnce = Number(values['at-once'])
/** What serves the third hop. */
const thirds = ['node', 'python', 'sdk'] as const

/** Ways of built-in means, and of packages where a service has them. A path of the SDK's is called by POST. */
const ways = `
import { EventEmitter, once } from 'node:events'
import http from 'node:http'
const { M3O_GATEWAY: gateway, M3O_ENVIRONMENT: environment, PORT, HOST } = process.env
const agent = new http.Agent({ keepAlive: true, maxSockets: 32, timeout: 4000 })
const few = new http.Agent({ keepAlive: true, maxSockets: 4, timeout: 4000 })
const methodOf = (url) => (url.includes('/c-sdk/') ? 'POST' : 'GET')
const body = (url) => (methodOf(url) === 'POST' ? { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } } : {})
const byFetch = async (url) => (await fetch(url, body(url))).json()
const byHttp = (url, through = agent) => new Promise((resolve, reject) => {
  http.request(url, { agent: through, ...body(url) }, (answer) => {
    let text = ''
    answer.setEncoding('utf8').on('data', (part) => { text += part }).on('end', () => { try { resolve(JSON.parse(text)) } catch (error) { reject(new Error(text)) } })
  }).on('error', reject).end(body(url).body)
})
async function* steps(url) { await null; yield await byHttp(url) }
export const ways = {
  fetch: byFetch,
  http: (url) => byHttp(url),
  'http, waiting for a connection': (url) => byHttp(url, few),
  'a timer': (url) => new Promise((resolve, reject) => setTimeout(() => byHttp(url).then(resolve, reject), Math.random() * 3)),
  'an async iterator': async (url) => { for await (const step of steps(url)) return step },
  'an emitter': async (url) => { const emitter = new EventEmitter(); emitter.on('go', () => byFetch(url).then((found) => emitter.emit('found', found), (error) => emitter.emit('error', error))); setImmediate(() => emitter.emit('go')); return (await once(emitter, 'found'))[0] },
}
export async function answer(url, next) {
  const third = /python|sdk/.exec(url)?.[0]
  const path = next === 'c' && third !== undefined ? '/c-' + third + '/' + (third === 'sdk' ? 'Go' : 'python') : '/' + next + url
  const [way, go] = Object.entries(ways)[Math.floor(Math.random() * Object.keys(ways).length)]
  return [environment, ...(next === '' ? [] : [way, ...await go(gateway + path)])]
}
export { HOST, PORT, body, methodOf }
`

const packages = `
import axios from 'axios'
import fastq from 'fastq'
import { Pool, request } from 'undici'
import { body, methodOf, ways } from './ways.mjs'
const { origin } = new URL(process.env.M3O_GATEWAY)
const pool = new Pool(origin, { connections: 8, keepAliveTimeout: 3000 })
const queue = fastq.promise(ways.fetch, 16)
Object.assign(ways, {
  undici: async (url) => (await request(url, body(url))).body.json(),
  'undici, a pool': async (url) => (await pool.request({ path: new URL(url).pathname, method: methodOf(url), ...body(url) })).body.json(),
  axios: async (url) => (await axios({ url, method: methodOf(url), data: body(url).body, headers: body(url).headers })).data,
  'a queue': (url) => queue.push(url),
})
`

const failing = `(error) => ['failed: ' + error.message]`
const servers = {
  http: (next: string) => `
import { createServer } from 'node:http'
import { answer, HOST, PORT } from './ways.mjs'
createServer(async (request, response) => {
  if (request.url === '/health') return response.end()
  response.setHeader('content-type', 'application/json').end(JSON.stringify(await answer(request.url, '${next}').catch(${failing})))
}).listen(PORT, HOST)`,
  express: (next: string) => `
import express from 'express'
import { answer, HOST, PORT } from './ways.mjs'
import './packages.mjs'
const app = express()
app.get('/health', (_, response) => response.end())
app.use(async (request, response) => response.json(await answer(request.url, '${next}').catch(${failing})))
app.listen(PORT, HOST)`,
  fastify: (next: string) => `
import fastify from 'fastify'
import { answer, HOST, PORT } from './ways.mjs'
import './packages.mjs'
const app = fastify()
app.get('/health', async () => ({}))
app.get('/*', (request) => answer(request.url, '${next}').catch(${failing}))
await app.listen({ port: Number(PORT), host: HOST })`,
}

const sdk = {
  'index.ts': `
import { call, endpoint, service } from '@m3o/sdk'
import { z } from 'zod'
export default service({
  Go: endpoint({
    request: z.object({}), response: z.array(z.string()),
    run: async () => [process.env.M3O_ENVIRONMENT ?? '', 'the SDK', ...(await call<string[]>('d', 'sdk', {}).catch((error: Error) => ['failed: ' + error.message]))],
  }),
})`,
}

const python = (next: string) => ({
  'main.py': `
import asyncio, http.client, json, os, queue, random, threading, urllib.request
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

GATEWAY, NEXT = os.environ['M3O_GATEWAY'], '${next}'
executor = ThreadPoolExecutor(16)
jobs = queue.Queue()

def by_urllib(url):
    data = b'{}' if '/c-sdk/' in url else None
    with urllib.request.urlopen(urllib.request.Request(url, data, {'content-type': 'application/json'})) as answer:
        return json.load(answer)

def by_http_client(url):
    parts, data = urlsplit(url), '{}' if '/c-sdk/' in url else None
    connection = http.client.HTTPConnection(parts.hostname, parts.port)
    connection.request('POST' if data else 'GET', parts.path, data, {'content-type': 'application/json'})
    try:
        return json.load(connection.getresponse())
    finally:
        connection.close()

def work():
    while True:
        url, done = jobs.get()
        try:
            done.put(by_urllib(url))
        except Exception as error:
            done.put(['failed: ' + str(error)])

for _ in range(4):
    threading.Thread(target=work, daemon=True).start()

def by_queue(url):
    done = queue.SimpleQueue()
    jobs.put((url, done))
    return done.get()

ways = {
    'urllib': by_urllib, 'http.client': by_http_client, 'a worker of a queue': by_queue,
    'a pool of threads': lambda url: executor.submit(by_urllib, url).result(),
    'asyncio': lambda url: asyncio.run(asyncio.to_thread(by_urllib, url)),
}

class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_GET(self):
        if self.path == '/health':
            return self.send_error(404)
        self.rfile.read(int(self.headers.get('content-length', 0)))
        found = [os.environ['M3O_ENVIRONMENT']]
        third = 'sdk' if 'sdk' in self.path else 'python' if 'python' in self.path else None
        path = '/c-%s/%s' % (third, 'Go' if third == 'sdk' else 'python') if NEXT == 'c' and third else '/' + NEXT + self.path
        if NEXT:
            name = random.choice(list(ways))
            try:
                found += [name, *ways[name](GATEWAY + path)]
            except Exception as error:
                found += ['failed: ' + str(error)]
        body = json.dumps(found).encode()
        self.send_response(200)
        self.send_header('content-type', 'application/json')
        self.send_header('content-length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_POST = do_GET
    def log_message(self, *_):
        pass

class Server(ThreadingHTTPServer):
    request_queue_size = 256

Server((os.environ['HOST'], int(os.environ['PORT'])), Handler).serve_forever()
`,
})

const node = (server: keyof typeof servers, next: string) => ({
  'index.mjs': servers[server](next),
  'ways.mjs': ways,
  ...(server !== 'http' && { 'packages.mjs': packages }),
  'package.json': JSON.stringify({
    name: 'hop',
    main: 'index.mjs',
    type: 'module',
    ...(server !== 'http' && {
      dependencies: { axios: '1.21.1', express: '5.3.0', fastify: '5.12.8', fastq: '1.20.3', undici: '7.30.2' },
    }),
  }),
})

async function prepare(platform: TestPlatform): Promise<string[]> {
  const deploy = async (name: string, code: Record<string, string>, environmentId?: string) => {
    const { state, error } = await platform.deploy(name, code, environmentId)
    if (state !== 'live') throw new Error(`${name}: ${state} ${JSON.stringify(error)}`)
  }
  await deploy('a', node('express', 'b'))
  await deploy('c', node('fastify', 'd'))
  await deploy('c-python', python('d'))
  await deploy('c-sdk', sdk)
  await Promise.all([deploy('b', node('http', 'c')), deploy('d', node('http', ''))])
  const names = ['production', ...Array.from({ length: Number(values.environments) - 1 }, (_, n) => `e${n + 1}`)]
  const made = await Promise.all(
    names.slice(1).map((name) =>
      platform.rpc.call('environments.create', {
        teamId: platform.teamId,
        name,
        parentId: platform.production,
        ownerId: platform.userId,
      }),
    ),
  )
  for (const [n, { id }] of made.entries()) {
    const hop = (next: string) => (n % 2 === 0 ? python(next) : node('http', next))
    await Promise.all([deploy('b', hop('c'), id), deploy('d', hop(''), id)])
  }
  return names
}

const agent = new Agent({ keepAlive: true, maxSockets: atOnce })

function ask({ gatewayPort, token }: TestPlatform, environment: string): Promise<string[]> {
  const path = `/v1/a/${thirds[Math.floor(Math.random() * thirds.length)]}`
  return new Promise((resolve, reject) => {
    request(
      {
        port: gatewayPort,
        agent,
        path,
        headers: { authorization: `Bearer ${token}`, 'm3o-environment': environment },
      },
      (answer) => {
        let text = ''
        answer
          .setEncoding('utf8')
          .on('data', (part: string) => {
            text += part
          })
          .on('end', () =>
            resolve(
              answer.statusCode === 200 ? (JSON.parse(text) as string[]) : [`failed: ${answer.statusCode} ${text}`],
            ),
          )
      },
    )
      .on('error', reject)
      .end()
  })
}

await using platform = await startPlatform()
const names = await prepare(platform)
console.log(`${names.length} environments, ${2 * names.length + 4} instances`)
const wrong = new Map<string, number>()
const used = new Map<string, number>()
let [asked, failed, right] = [0, 0, 0]
const began = performance.now()
await Promise.all(
  Array.from({ length: atOnce }, async () => {
    while (asked < calls) {
      const environment = names[Math.floor(Math.random() * names.length)] ?? ''
      if (++asked % 10_000 === 0)
        console.log(
          `${asked} calls, ${wrong.size} wrong, ${failed} failed, ${Math.round((performance.now() - began) / 1000)} s`,
        )
      const hops = await ask(platform, environment).catch((error: Error) => [`failed: ${error.message}`])
      // Environment, way, environment, way, …
      const found = hops.filter((_, index) => index % 2 === 0 || hops.length < 7).join(' → ')
      for (const way of hops.filter((_, index) => index % 2 === 1)) used.set(way, (used.get(way) ?? 0) + 1)
      if (found === `production → ${environment} → production → ${environment}`) right++
      else if (hops.some((hop) => hop.startsWith('failed'))) failed++
      else wrong.set(`${environment}: ${found}`, (wrong.get(`${environment}: ${found}`) ?? 0) + 1)
      if (hops.some((hop) => hop.startsWith('failed')) && failed < 4) console.error(hops.join(' → '))
    }
  }),
)
console.log(
  `called on by ${[...used]
    .sort(([, one], [, other]) => other - one)
    .map(([way, times]) => `${way} ${times}`)
    .join(' · ')}`,
)
const strayed = [...wrong.values()].reduce((sum, times) => sum + times, 0)
for (const [found, times] of [...wrong].slice(0, 20)) console.log(`${times} × ${found}`)
console.log(
  `${calls.toLocaleString('en')} calls through 4 hops in ${Math.round((performance.now() - began) / 1000)} s: ${right.toLocaleString('en')} where they belong, ${failed} failed, ${strayed} in a wrong environment (reach 0)`,
)
process.exitCode = strayed === 0 && failed === 0 ? 0 : 1
agent.destroy()
