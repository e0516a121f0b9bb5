import fc from 'fast-check'
import { connect } from 'node:net'
import { type Read, readByNode } from '#gateway/testing/llhttp.ts'
import { cut, cuts, requests, smuggling, withHost } from '#gateway/testing/messages.ts'
import { fault, type Finding } from './fault.ts'
import { startLoneGateway } from './gateway/lone-gateway.ts'
import { type Seen, startNodeService, startPythonService } from './gateway/services.ts'

const atOnce = 32
/** After so long without a word a connection is given up: most of what is sent is never answered. */
const quietMs = 40

type Service = 'node' | 'python'

/**
 * Callers that send right, wrong and odd requests. A request reaches a service only as llhttp reads it from the caller's own
 * bytes, with the same end, once, and as the gateway made it: whatever is smuggled past the gateway has no trace of the gateway.
 */
export default fault({
  title: 'malformed HTTP, from callers through the gateway to services on node:http and Python',
  // Seconds.
  full: 600,
  short: 10,
  async *run(seconds): AsyncGenerator<Finding> {
    const wrong: string[] = []
    const expected = new Map<string, { reads: Read[]; text: string }>()
    const traces = new Set<string>()
    const counts = { node: 0, python: 0 }
    const errors: string[] = []
    const watch = (service: Service) => ({
      onRequest: (seen: Seen) => check(service, seen),
      onError: (what: string) => errors.push(`${service}: ${what}`),
    })
    await using cleanup = new AsyncDisposableStack()
    const node = cleanup.use(await startNodeService(watch('node')))
    const python = cleanup.use(await startPythonService(watch('python')))
    const services = { node: node.port, ...(python !== undefined && { python: python.port }) }
    const hosts = Object.keys(services).map((name) => `${name}--demo.localhost`)
    const gateway = cleanup.use(await startLoneGateway(services))
    const pid = gateway.pid()

    function check(service: Service, seen: Seen): void {
      counts[service]++
      const valuesOf = (name: string) => seen.headers.filter(([each]) => each === name).map(([, value]) => value)
      const [trace = ''] = valuesOf('traceparent')
      const isTraced = trace !== '' && !traces.has(trace) && valuesOf('traceparent').length === 1
      traces.add(trace)
      const [from = ''] = valuesOf('x-forwarded-for').slice(-1)
      const { reads, text } = expected.get(from.split(', ').at(-1) ?? '') ?? {}
      // Of a caller that has gone by then the gateway does not know whence it was.
      if (isTraced && from === '') return
      const at =
        reads?.findIndex(
          ({ method, url, body }) => method === seen.method && pathOf(url) === seen.url && body === seen.body,
        ) ?? -1
      const why = !isTraced ? 'twice, or without a trace' : at < 0 ? 'as nobody sent it' : undefined
      reads?.splice(at, at < 0 ? 0 : 1)
      if (why !== undefined)
        wrong.push(
          `${service} got it ${why}: ${JSON.stringify(seen)}, of ${JSON.stringify(text)}, of which are left ${JSON.stringify(reads)}`,
        )
    }

    let connections = 0
    async function send(text: string, sizes: readonly number[]): Promise<void> {
      const bytes = Buffer.from(text, 'latin1')
      const n = connections++
      const from = `127.${1 + ((n >> 16) & 63)}.${(n >> 8) & 255}.${n & 255}`
      expected.set(from, { reads: (await readByNode(bytes)).filter(({ complete }) => complete), text })
      await exchange(gateway.port, { from, parts: cut(bytes, sizes) })
    }

    for (const host of hosts) {
      await Promise.all(
        Object.values(smuggling).flatMap((text) => [[1 << 20], [7]].map((sizes) => send(withHost(text, host), sizes))),
      )
    }
    const until = performance.now() + seconds * 1000
    const firstSeed = Date.now() | 0
    for (let seed = firstSeed; performance.now() < until; seed++) {
      const texts = fc.sample(
        fc.tuple(fc.oneof(...hosts.map(requests)), fc.oneof({ weight: 3, arbitrary: fc.constant([1 << 20]) }, cuts)),
        { numRuns: 200, seed },
      )
      const workers = Array.from({ length: atOnce }, async () => {
        for (let one = texts.pop(); one !== undefined; one = texts.pop()) await send(...one)
      })
      await Promise.all(workers)
    }
    const from = `${connections} connections, ${counts.node} requests read by node:http and ${python === undefined ? 'none by Python, which is not here' : `${counts.python} by Python`}, from seed ${firstSeed}`
    yield {
      what: 'no request reaches a service but once, as its caller sent it, through the gateway',
      held: wrong.length === 0 && counts.node > 0 && (python === undefined || counts.python > 0),
      measured: wrong[0] ?? from,
    }
    yield {
      what: 'no service finds fault with what the gateway sends',
      held: errors.length === 0,
      measured: errors[0] ?? 'not once',
    }
    const health = await fetch(`http://127.0.0.1:${gateway.port}/health`).then(({ status }) => status, String)
    yield {
      what: 'the gateway is the same process and answers',
      held: gateway.pid() === pid && health === 200,
      measured: `health: ${health}; ${gateway.said().trim().slice(-2000) || 'nothing in its log'}`,
    }
  },
})

/** In absolute form the gateway passes on what is behind the host. */
const pathOf = (url: string) => url.replace(/^https?:\/\/[^/?#]*/i, '')

function exchange(port: number, { from, parts }: { from: string; parts: readonly Buffer[] }): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress: from, noDelay: true })
    const quiet = setTimeout(() => socket.destroy(), quietMs)
    socket
      .on('data', () => quiet.refresh())
      .on('error', () => {})
      .on('close', () => {
        clearTimeout(quiet)
        resolve()
      })
    const write = (at: number) => {
      if (at < parts.length && !socket.destroyed) socket.write(parts[at] as Buffer, () => setImmediate(write, at + 1))
    }
    write(0)
  })
}
