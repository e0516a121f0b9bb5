import http from 'node:http'
import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'

type Load = (specifier: string) => Promise<unknown>

const times = 20

/**
 * Has a process that waits do once what a service does first: load a module with a source map, listen, answer, validate. Node
 * compiles and links all of this when it is used for the first time, which then would be the new revision's first calls.
 * Nothing stays behind but what is compiled; no code of the service runs. One that fails leaves the service as cold as it was.
 */
export async function warmUp(load: Load, packages: readonly string[]): Promise<void> {
  const known: Record<string, (load: Load) => Promise<RequestListener | undefined>> = { zod, express }
  try {
    await import(
      `data:text/javascript,export default 1;\n//# sourceMappingURL=data:application/json;base64,${Buffer.from(map).toString('base64')}`
    )
    if (packages.includes('@m3o/sdk')) return await sdk(load)
    const listeners: RequestListener[] = [plain]
    for (const name of packages) {
      const listener = await known[name]?.(load)
      if (listener) listeners.push(listener)
    }
    for (const listener of listeners) await answerTo(createServer(listener))
  } catch {
    // It starts cold.
  }
}

const map = JSON.stringify({ version: 3, sources: ['x.ts'], names: [], mappings: 'AAAA' })

interface Sdk {
  service: (endpoints: Record<string, unknown>) => {
    listen: (at: { host: string; port: number }) => Promise<{ port: number; close: () => Promise<void> }>
  }
  endpoint: (definition: Record<string, unknown>) => unknown
}
interface Zod {
  object: (shape: Record<string, unknown>) => { safeParse: (value: unknown) => unknown }
  string: () => unknown
}

async function sdk(load: Load): Promise<void> {
  const { service, endpoint } = (await load('@m3o/sdk')) as Sdk
  const { object, string } = (await load('zod')) as Zod
  const shape = object({ name: string() })
  const { port, close } = await service({
    warm: endpoint({ request: shape, response: shape, run: (asked: unknown) => asked }),
  }).listen({ host: '127.0.0.1', port: 0 })
  await ask(port, '/_m3o/describe', 'GET')
  await ask(port, '/health', 'GET')
  await asked(port)
  await close()
}

async function zod(load: Load): Promise<undefined> {
  const { object, string } = (await load('zod')) as Zod
  const shape = object({ name: string() })
  for (let time = 0; time < times; time++) shape.safeParse(time % 2 === 0 ? { name: 'x' } : { name: 1 })
}

interface Express {
  (): RequestListener & {
    use: (handler: unknown) => void
    all: (
      path: string,
      handler: (request: { body?: unknown }, response: { json: (body: unknown) => void }) => void,
    ) => void
  }
  json: () => unknown
}

async function express(load: Load): Promise<RequestListener> {
  const { default: make } = (await load('express')) as { default: Express }
  const app = make()
  app.use(make.json())
  app.all('/warm', (request, response) => response.json(request.body))
  return app
}

const plain: RequestListener = (request, response) => {
  const parts: Buffer[] = []
  request
    .on('data', (part: Buffer) => parts.push(part))
    .on('end', () => {
      const text = JSON.stringify(JSON.parse(Buffer.concat(parts).toString() || '{}'))
      response
        .writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
        .end(text)
    })
}

async function answerTo(server: Server): Promise<void> {
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  await ask((server.address() as AddressInfo).port, '/health', 'GET')
  await asked((server.address() as AddressInfo).port)
  await new Promise((resolve) => server.close(resolve))
}

async function asked(port: number): Promise<void> {
  const agent = new http.Agent({ keepAlive: true })
  for (let time = 0; time < times; time++) await ask(port, '/warm', 'POST', agent)
  agent.destroy()
}

function ask(port: number, path: string, method: string, agent: http.Agent | false = false): Promise<void> {
  const body = method === 'POST' ? '{"name":"x"}' : ''
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': body.length,
      traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
      'm3o-hops': '1',
    }
    http
      .request({ host: '127.0.0.1', port, path, method, agent, headers, timeout: 2_000 }, (answer) => {
        answer.resume().on('end', resolve).on('error', reject)
      })
      .on('timeout', function (this: http.ClientRequest) {
        this.destroy()
      })
      .on('error', reject)
      .end(body)
  })
}
