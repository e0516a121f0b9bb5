import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ask } from './ask.ts'

const server = createServer(async (request, response) => {
  if (request.url === '/moved') return response.writeHead(307, { location: '/new' }).end()
  if (request.url === '/refused') return response.writeHead(413, { connection: 'close' }).end('{"code":"too_large"}')
  if (request.url === '/broken') return response.writeHead(200).end('<html>')
  response.end(
    JSON.stringify({
      method: request.method,
      url: request.url,
      length: request.headers['content-length'],
      body: await text(request),
    }),
  )
})
let url = ''
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => server.close())

test('a text is sent with its length, a stream as it comes', async () => {
  const sent = await ask(`${url}/x`, { method: 'POST', body: 'grüße' })
  expect([sent.ok, sent.status, await sent.json()]).toEqual([
    true,
    200,
    { method: 'POST', url: '/x', length: '7', body: 'grüße' },
  ])
  expect(await (await ask(`${url}/x`, { method: 'POST', body: Readable.from(['one ', 'two']) })).json()).toMatchObject({
    body: 'one two',
  })
})

test('what moved is asked for where it is, with its body', async () => {
  expect(await (await ask(`${url}/moved`, { method: 'POST', body: '{}' })).json()).toMatchObject({
    url: '/new',
    method: 'POST',
    body: '{}',
  })
})

test('a refusal in the middle of a stream is an answer; what is no JSON and what does not respond are errors', async () => {
  const endless = new Readable({
    read() {
      this.push(Buffer.alloc(1 << 16))
    },
  })
  const refused = await ask(`${url}/refused`, { method: 'POST', body: endless })
  endless.destroy()
  expect([refused.ok, await refused.json()]).toEqual([false, { code: 'too_large' }])
  await expect((await ask(`${url}/broken`)).json()).rejects.toThrow()
  await expect(ask('http://127.0.0.1:1/')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  await expect(ask(url, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' })
})
