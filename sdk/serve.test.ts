import { Client } from '@m3o/m3o-node'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { description } from '#contract/endpoints.ts'
import { call, endpoint, service, ServiceError } from './index.ts'
import type { Listening } from './serve.ts'

let served: Listening
let cleanedUp = 0
const base = () => `http://127.0.0.1:${served.port}`

const example = service({
  Hello: endpoint({
    request: z.object({ name: z.string(), times: z.number().default(1) }),
    response: z.object({ message: z.string() }),
    run: async ({ name, times }) => ({ message: `Hello ${name} `.repeat(times).trim() }),
  }),
  Missing: endpoint({ run: () => Promise.reject(new ServiceError(404, 'no such thing')) }),
  Defect: endpoint({ run: () => Promise.reject(new Error('the password is 1234')) }),
  Liar: endpoint({ response: z.object({ n: z.number() }), run: () => ({ n: 'x' }) as never }),
  Count: endpoint({
    request: z.object({ to: z.coerce.number().int() }),
    response: z.object({ n: z.number() }),
    stream: async function* ({ to }, { signal }) {
      try {
        for (let n = 1; n <= to; n += 1) {
          if (n === 13) throw new ServiceError(409, 'unlucky')
          yield { n }
        }
        if (to === 0) await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      } finally {
        cleanedUp += 1
      }
    },
  }),
  Relay: endpoint({ run: () => call('other', 'Thing') }),
})

beforeEach(async () => {
  cleanedUp = 0
  served = await example.listen({ host: '127.0.0.1', port: 0 })
})
afterEach(() => served.close())

const post = (name: string, body: string, headers = {}) => fetch(`${base()}/${name}`, { method: 'POST', body, headers })

describe('an endpoint over HTTP', () => {
  it('validates what is asked, fills in defaults, and answers', async () => {
    expect(await (await post('Hello', '{"name":"Ada","times":2}')).json()).toEqual({ message: 'Hello Ada Hello Ada' })
  })

  it.each([
    ['Hello', '{"name":1}', 400, 'name: expected string, received number'],
    ['Hello', '{', 400, 'not JSON'],
    ['Missing', '', 404, 'no such thing'],
    ['Defect', '', 500, 'see its log for the cause'],
    ['Liar', '', 500, 'see its log for the cause'],
    ['toString', '', 404, 'no endpoint'],
    ['Hello', `{"name":"${'x'.repeat(5 << 20)}"}`, 413, 'larger than'],
  ])('answers %s with an error in the clients’ form (%#)', async (name, body, code, detail) => {
    const answer = await post(name, body)
    const form = (await answer.json()) as Record<string, unknown>
    expect(answer.status).toBe(code)
    expect(form).toMatchObject({
      code,
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      detail: expect.stringContaining(detail),
    })
    expect(JSON.stringify(form)).not.toContain('1234')
  })

  it('refuses other methods', async () => {
    const answer = await fetch(`${base()}/Hello`)
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST'])
  })

  it('describes itself in the order of its source, as the platform expects', async () => {
    const said = description.parse(await (await fetch(`${base()}/_m3o/describe`)).json())
    expect(said.endpoints.map(({ name }) => name)).toEqual(['Hello', 'Missing', 'Defect', 'Liar', 'Count', 'Relay'])
    expect(said.endpoints[0]?.request).toMatchObject({
      type: 'object',
      properties: { name: { type: 'string' } },
      required: ['name'],
    })
  })

  it('streams lines, or events with their error and end', async () => {
    expect(await (await post('Count', '{"to":2}')).text()).toBe('{"n":1}\n{"n":2}\n')
    const events = await (await fetch(`${base()}/Count?to=13`, { headers: { accept: 'text/event-stream' } })).text()
    expect(events).toContain('event: error\ndata: {"id"')
  })
})

describe('the official client', () => {
  const client = () => new Client({ token: 't', address: base(), prefix: '' })

  // It asks address + prefix + service + '/' + endpoint; without a gateway before it, the middle is empty.
  it('gets answers, and errors as their form', async () => {
    expect(await client().call('', 'Hello', { name: 'Ada' })).toEqual({ message: 'Hello Ada' })
    await expect(client().call('', 'Missing', {})).rejects.toMatchObject({
      code: 404,
      detail: 'no such thing',
      status: 'Not Found',
    })
  })
})

describe('an endpoint over a websocket', () => {
  function talk(name: string, first: string) {
    const socket = new WebSocket(`ws://127.0.0.1:${served.port}/${name}`)
    const messages: unknown[] = []
    socket.on('open', () => socket.send(first))
    socket.on('message', (data) => messages.push(JSON.parse(String(data))))
    const closed = new Promise<{ code: number; messages: unknown[] }>((resolve) =>
      socket.on('close', (code) => resolve({ code, messages })),
    )
    return { socket, closed }
  }

  it('streams a message a frame and closes with 1000', async () => {
    expect(await talk('Count', '{"to":3}').closed).toEqual({ code: 1000, messages: [{ n: 1 }, { n: 2 }, { n: 3 }] })
  })

  it('says an error as a frame before it closes', async () => {
    const { code, messages } = await talk('Count', '{"to":20}').closed
    expect([code, messages.length]).toEqual([1008, 13])
    expect(messages.at(-1)).toMatchObject({ code: 409, detail: 'unlucky' })
    expect(await talk('Count', '{"to":"x"}').closed).toMatchObject({ code: 1008, messages: [{ code: 400 }] })
  })

  it('ends the generator when the caller leaves, and closes sockets with 1012 when the service stops', async () => {
    const leaving = talk('Count', '{"to":0}')
    leaving.socket.on('open', () => setImmediate(() => leaving.socket.close()))
    await leaving.closed
    await expect.poll(() => cleanedUp).toBe(1)
    const staying = talk('Count', '{"to":0}')
    await new Promise((resolve) => staying.socket.on('open', resolve))
    await served.close()
    expect((await staying.closed).code).toBe(1012)
    served = await example.listen({ host: '127.0.0.1', port: 0 })
  })
})

describe('a call to another service', () => {
  it('goes through the gateway with the context of the call being answered, and passes on that it is unavailable', async () => {
    const asked: { url: string | undefined; headers: IncomingHttpHeaders }[] = []
    await using gateway = await listenFor((url, headers) => asked.push({ url, headers }))
    process.env.M3O_GATEWAY = `http://127.0.0.1:${gateway.port}/~key`
    try {
      const headers = {
        baggage: 'm3o-env=e.1.mac',
        traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
        'm3o-hops': '2',
        cookie: 'secret',
      }
      const answer = await post('Relay', '{}', headers)
      expect(await answer.json()).toMatchObject({
        code: 503,
        id: 'a'.repeat(32),
        detail: expect.stringContaining('other/Thing'),
      })
      expect(asked[0]).toMatchObject({
        url: '/~key/other/Thing',
        headers: { baggage: 'm3o-env=e.1.mac', 'm3o-hops': '2' },
      })
      expect(asked[0]?.headers.cookie).toBeUndefined()
    } finally {
      delete process.env.M3O_GATEWAY
    }
  })

  it('streams from another', async () => {
    process.env.M3O_GATEWAY = base()
    try {
      const seen: unknown[] = []
      // The example answers /{Endpoint}; a service's name of "." leaves the path as it is.
      await expect(
        (async () => {
          for await (const message of call.stream('.', 'Count', { to: 20 })) seen.push(message)
        })(),
      ).rejects.toMatchObject({ name: 'CallError', code: 409 })
      expect(seen).toHaveLength(12)
    } finally {
      delete process.env.M3O_GATEWAY
    }
  })
})

async function listenFor(seen: (url: string | undefined, headers: IncomingHttpHeaders) => void) {
  const server = createServer((request, response) => {
    seen(request.url, request.headers)
    response
      .writeHead(503, { 'content-type': 'application/json' })
      .end('{"id":"x","code":500,"detail":"down","status":"Internal Server Error"}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => (server.closeAllConnections(), server.close(() => resolve()))),
  }
}
