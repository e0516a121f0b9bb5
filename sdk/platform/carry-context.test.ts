import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { buildPlatformDir } from './platform-folder.ts'

/** A service that knows nothing of the platform: it calls on by fetch and by http, also from a body's listener. */
const plain = `
import http from 'node:http'
const gateway = process.env.M3O_GATEWAY, other = process.env.OTHER
const viaHttp = (url) => new Promise((resolve) => http.get(url, (answer) => answer.resume().on('end', resolve)))
http.createServer((request, response) => {
  request.on('data', () => {})
  request.on('end', async () => {
    const id = request.headers['x-id']
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 5))
    await Promise.all([fetch(gateway + '/fetch/' + id).then((r) => r.text()), viaHttp(gateway + '/http/' + id), fetch(other + '/fetch').then((r) => r.text()), viaHttp(other + '/~key/http')])
    response.end('done')
  })
}).listen(0, '127.0.0.1', function () { console.log(this.address().port) })
`

it('carries each call’s context to the gateway alone, in code that knows nothing of it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'm3o-context-'))
  const toGateway: [string, IncomingHttpHeaders][] = []
  const toOther: IncomingHttpHeaders[] = []
  await using gateway = await listen((url, headers) => toGateway.push([url, headers]))
  await using other = await listen((_, headers) => toOther.push(headers))
  const platform = await buildPlatformDir(join(folder, 'platform'))
  await writeFile(join(folder, 'index.mjs'), plain)
  const env = {
    PATH: process.env.PATH,
    M3O_GATEWAY: `http://127.0.0.1:${gateway.port}/~key`,
    OTHER: `http://127.0.0.1:${other.port}`,
  } as unknown as NodeJS.ProcessEnv
  const child = spawn(process.execPath, [`--import=${platform}/preload.mjs`, 'index.mjs'], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const port = await new Promise<number>((resolve) => child.stdout.once('data', (text) => resolve(Number(text))))
    const ids = Array.from({ length: 60 }, (_, index) => String(index))
    await Promise.all(
      ids.map((id) =>
        fetch(`http://127.0.0.1:${port}/`, {
          method: 'POST',
          body: 'x',
          headers: {
            'x-id': id,
            baggage: `m3o-env=${id}.1.mac`,
            traceparent: `00-${id.padStart(32, 'a')}-${'b'.repeat(16)}-01`,
            'm3o-hops': '3',
          },
        }),
      ),
    )
    expect(toGateway).toHaveLength(120)
    const wrong = toGateway.filter(
      ([url, headers]) => headers.baggage !== `m3o-env=${url.split('/').at(-1)}.1.mac` || headers['m3o-hops'] !== '3',
    )
    expect(wrong).toEqual([])
    expect(toOther.filter((headers) => headers.baggage ?? headers.traceparent ?? headers['m3o-hops'])).toEqual([])
  } finally {
    child.kill()
    await new Promise((resolve) => child.on('close', resolve))
    await rm(folder, { recursive: true, force: true })
  }
})

async function listen(seen: (url: string, headers: IncomingHttpHeaders) => void) {
  const server = createServer((request, response) => {
    seen(request.url ?? '', request.headers)
    response.end('ok')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => (server.closeAllConnections(), server.close(() => resolve()))),
  }
}
