import { once } from 'node:events'
import { createServer, request, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { endStalled, readBody } from './body.ts'

let asked: (incoming: IncomingMessage) => void
const server = createServer((incoming) => asked(incoming))
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

/** A request that has begun; the parts are sent, the end is not. */
async function begun(headers: Record<string, string>, ...parts: string[]) {
  const came = new Promise<IncomingMessage>((resolve) => {
    asked = resolve
  })
  const sent = request({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, method: 'POST', headers }).on(
    'error',
    () => {},
  )
  sent.flushHeaders()
  for (const part of parts) sent.write(part)
  return { sent, incoming: await came }
}

const limits = { bytes: 8, withinMs: 60_000 }

test('a body that says that it is too large is refused before any of it is there', async () => {
  const { incoming, sent } = await begun({ 'content-length': '9' })
  await expect(readBody(incoming, limits)).rejects.toMatchObject({ code: 'too_large' })
  sent.destroy()
})

test('one that does not say so is refused where it becomes too large, without its end', async () => {
  const { incoming, sent } = await begun({ 'transfer-encoding': 'chunked' }, '12345', '67890')
  await expect(readBody(incoming, limits)).rejects.toMatchObject({ code: 'too_large' })
  sent.destroy()
})

test('one that fits is given, one that is compressed or does not come in time is refused', async () => {
  const whole = await begun({ 'content-length': '8' }, '12345678')
  expect((await readBody(whole.incoming, limits)).toString()).toBe('12345678')
  const zipped = await begun({ 'content-length': '8', 'content-encoding': 'gzip' })
  await expect(readBody(zipped.incoming, limits)).rejects.toMatchObject({ code: 'bad_request' })
  const slow = await begun({ 'content-length': '8' }, '1')
  await expect(readBody(slow.incoming, { ...limits, withinMs: 20 })).rejects.toMatchObject({ code: 'timeout' })
  for (const { sent } of [whole, zipped, slow]) sent.destroy()
})

test('a body that stands still is not waited for', async () => {
  const { incoming, sent } = await begun({ 'content-length': '8' }, '1')
  incoming.resume()
  endStalled(incoming, 20)
  expect(await new Promise((resolve) => sent.once('error', resolve))).toMatchObject({ message: 'socket hang up' })
})
