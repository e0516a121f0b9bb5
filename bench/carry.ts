import { Agent, request } from 'node:http'
import { parseArgs } from 'node:util'
import { startPlatform, type TestPlatform } from '#e2e/platform/platform.ts'

/*
 * Do calls stay in their environment? Real gateway, real sandboxes. A call goes through four services, A → B → C → D: A
 * and C run in production alone, B and D also in each other environment. They call by what is chosen at random for each
 * hop; some of C's are answered by a Python service. All environments call at once, and each answer tells in which copies
 * it was made.
 *
 * `node bench/carry.ts [--calls 100000] [--environments 50] [--at-once 64] [--python 0.1]`; reach: 0 in a wrong one.
 */

const { values } = parseArgs({ options: {
  calls: { type: 'string', default: '100000' }, environments: { type: 'string', default: '50' },
  'at-once': { type: 'string', default: '64' }, python: { type: 'string', default: '0.1' },
} })
const calls = Number(values.calls)
const atOnce = Number(values['at-once'])

/** Answers with its own environment and what the services after it answered. `next` is whom it calls. */
const node = (next: string) => `
import http from 'node:http'
const { M3O_GATEWAY: gateway, M3O_ENVIRONMENT: environment, PORT, HOST } = process.env
const agent = new http.Agent({ keepAlive: true, maxSockets: 32, timeout: 4000 })
const byFetch = async (url) => (await fetch(url)).json()
const byHttp = (url) => new Promise((resolve, reject) => {
  http.get(url, { agent }, (answer) => {
    let text = ''
    answer.setEncoding('utf8').on('data', (part) => { text += part }).on('end', () => { try { resolve(JSON.parse(text)) } catch (error) { reject(new Error(text)) } })
  }).on('error', reject)
})
async function* steps(url) { yield await byHttp(url) }
const ways = [
  byFetch, byHttp,
  (url) => new Promise((resolve, reject) => setTimeout(() => byHttp(url).then(resolve, reject), Math.random() * 3)),
  async (url) => { for await (const step of steps(url)) return step },
]
http.createServer(async (request, response) => {
  if (request.url === '/health') return response.end()
  try {
    const next = ${JSON.stringify(next)}.replace('c', request.url.includes('python') ? 'c-python' : 'c')
    const after = next === '' ? [] : await ways[Math.floor(Math.random() * ways.length)](gateway + '/' + next + request.url)
    response.setHeader('content-type', 'application/json').end(JSON.stringify([environment, ...after]))
  } catch (error) {
    response.writeHead(500, { 'content-type': 'application/json' }).end(JSON.stringify(['failed: ' + error.message]))
  }
}).listen(PORT, HOST)
`

const python = `
import json, os, urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_GET(self):
        if self.path == '/health':
            return self.send_error(404)
        with urllib.request.urlopen(os.environ['M3O_GATEWAY'] + '/d' + self.path) as answer:
            body = json.dumps([os.environ['M3O_ENVIRONMENT'], *json.load(answer)]).encode()
        self.send_response(200)
        self.send_header('content-length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass

class Server(ThreadingHTTPServer):
    request_queue_size = 256

Server((os.environ['HOST'], int(os.environ['PORT'])), Handler).serve_forever()
`

const files = (code: string) => ({ 'index.mjs': code, 'package.json': JSON.stringify({ name: 'hop', main: 'index.mjs', type: 'module' }) })

async function prepare(platform: TestPlatform): Promise<string[]> {
  const deploy = async (name: string, code: Record<string, string>, environmentId?: string) => {
    const { state, error } = await platform.deploy(name, code, environmentId)
    if (state !== 'live') throw new Error(`${name}: ${state} ${JSON.stringify(error)}`)
  }
  await deploy('a', files(node('b')))
  await deploy('c', files(node('d')))
  await deploy('c-python', { 'main.py': python })
  await Promise.all([deploy('b', files(node('c'))), deploy('d', files(node('')))])
  const names = ['production', ...Array.from({ length: Number(values.environments) - 1 }, (_, n) => `e${n + 1}`)]
  const made = await Promise.all(names.slice(1).map((name) => platform.rpc.call('environments.create', { teamId: platform.teamId, name, parentId: platform.production, ownerId: platform.userId })))
  for (const { id } of made) await Promise.all([deploy('b', files(node('c')), id), deploy('d', files(node('')), id)])
  return names
}

const agent = new Agent({ keepAlive: true, maxSockets: atOnce })

function ask({ gatewayPort, token }: TestPlatform, environment: string): Promise<string[]> {
  const path = `/v1/a/${Math.random() < Number(values.python) ? 'python' : 'node'}`
  return new Promise((resolve, reject) => {
    request({ port: gatewayPort, agent, path, headers: { authorization: `Bearer ${token}`, 'm3o-environment': environment } }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (part: string) => { text += part }).on('end', () => resolve(answer.statusCode === 200 ? JSON.parse(text) as string[] : [`failed: ${answer.statusCode} ${text}`]))
    }).on('error', reject).end()
  })
}

await using platform = await startPlatform()
const names = await prepare(platform)
console.log(`${names.length} environments, ${2 * names.length + 3} instances`)
const wrong = new Map<string, number>()
let [asked, failed, right] = [0, 0, 0]
const began = performance.now()
await Promise.all(Array.from({ length: atOnce }, async () => {
  while (asked < calls) {
    const environment = names[Math.floor(Math.random() * names.length)] ?? ''
    if (++asked % 10_000 === 0) console.log(`${asked} calls, ${wrong.size} wrong, ${failed} failed, ${Math.round((performance.now() - began) / 1000)} s`)
    const hops = await ask(platform, environment).catch((error: Error) => [`failed: ${error.message}`])
    const found = hops.join(' → ')
    if (found === `production → ${environment} → production → ${environment}`) right++
    else if (found.includes('failed')) failed++
    else wrong.set(`${environment}: ${found}`, (wrong.get(`${environment}: ${found}`) ?? 0) + 1)
    if (found.includes('failed') && failed < 4) console.error(found)
  }
}))
const strayed = [...wrong.values()].reduce((sum, times) => sum + times, 0)
for (const [found, times] of [...wrong].slice(0, 20)) console.log(`${times} × ${found}`)
console.log(`${calls.toLocaleString('en')} calls through 4 hops in ${Math.round((performance.now() - began) / 1000)} s: ${right.toLocaleString('en')} where they belong, ${failed} failed, ${strayed} in a wrong environment (reach 0)`)
process.exitCode = strayed === 0 && failed === 0 ? 0 : 1
agent.destroy()
