import { gzipSync } from 'node:zlib'
import { expect, test } from '../browser/test.ts'
import { postJson, rawRequest } from './raw-request.ts'

const mebibyte = 1 << 20
const nested = (bytes: number) => '['.repeat(bytes / 2) + ']'.repeat(bytes / 2)
const manyObjects = (bytes: number) => `[${'{},'.repeat(bytes / 3)}{}]`

test('no request of somebody who is not signed in ends the web process', async ({ stack }) => {
  const pid = await stack.pidOf('web')
  const publicProcedure = '/api/trpc/signIn.readCode'
  for (const body of [
    nested(6 * mebibyte),
    manyObjects(6 * mebibyte),
    manyObjects(15 * mebibyte),
    `{"code":"${'x'.repeat(15 * mebibyte)}"}`,
    nested(64 << 10),
    manyObjects(64 << 10),
  ]) {
    const answers = await Promise.all([
      postJson(stack.url, publicProcedure, body),
      postJson(stack.url, '/api/trpc/variables.setAll', body),
      postJson(stack.url, '/api/auth/callback/credentials', body),
    ])
    for (const { status } of answers) expect([0, 413]).toContain(status)
  }
  // Small enough to be read, and made of nothing but depth or values.
  for (const body of [nested(15 << 10), manyObjects(15 << 10), `{"code":${nested(15 << 10)}}`])
    expect((await postJson(stack.url, publicProcedure, body)).status).toBe(413)
  const chunks = {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
    body: Array.from({ length: 96 }, () => '['.repeat(64 << 10)),
  }
  for (const path of [publicProcedure, '/api/auth/signout', '/api/trpc/no.such'])
    expect([0, 413]).toContain((await rawRequest(stack.url, path, chunks)).status)
  // Other forms of a body are not taken at all, however small they are packed.
  const zipped = gzipSync(Buffer.from(nested(15 * mebibyte)))
  const forms: Record<string, string>[] = [
    { 'content-encoding': 'gzip', 'content-type': 'application/json' },
    { 'content-type': 'multipart/form-data; boundary=x' },
    { 'content-type': 'application/octet-stream' },
  ]
  for (const headers of forms) {
    const { status } = await rawRequest(stack.url, publicProcedure, {
      method: 'POST',
      headers: { ...headers, 'content-length': String(zipped.length) },
      body: [zipped],
    })
    expect([400, 413, 415]).toContain(status)
  }
  expect(await stack.pidOf('web')).toBe(pid)
  expect((await rawRequest(stack.url, '/api/trpc/platform.welcome')).status).toBe(200)
})

test('a query string or a header is no way around the bounds', async ({ stack }) => {
  const pid = await stack.pidOf('web')
  const input = encodeURIComponent(`{"secret":${nested(4 << 10)}}`)
  expect((await rawRequest(stack.url, `/api/trpc/invitations.read?input=${input}`)).status).toBe(413)
  expect((await rawRequest(stack.url, `/api/trpc/invitations.read?input=${'x'.repeat(40 << 10)}`)).status).toBe(413)
  expect((await rawRequest(stack.url, `/sign-in?next=${'x'.repeat(40 << 10)}`)).status).toBe(413)
  const deep = encodeURIComponent(nested(16 << 10))
  const made: Record<string, string>[] = [
    { rsc: '1', 'next-router-state-tree': deep },
    { rsc: '1', 'next-router-state-tree': deep.slice(0, 30 << 10) },
    { cookie: Array.from({ length: 6_000 }, (_, n) => `c${n}=1`).join(';') },
  ]
  for (const headers of made) {
    expect((await rawRequest(stack.url, '/sign-in', { headers })).status).toBeLessThan(501)
  }
  // The console has no server actions: a page is only ever read.
  for (const headers of [
    { 'next-action': 'x'.repeat(40), 'content-type': 'text/plain;charset=UTF-8' },
    { 'next-action': 'x'.repeat(40), 'content-type': 'multipart/form-data; boundary=x' },
  ]) {
    expect(
      (await rawRequest(stack.url, '/sign-in', { method: 'POST', headers, body: [nested(256 << 10)] })).status,
    ).toBe(405)
  }
  expect((await rawRequest(stack.url, '/_next/image?url=%2Ficon.svg&w=3840&q=75')).status).toBeGreaterThanOrEqual(400)
  expect(await stack.pidOf('web')).toBe(pid)
})
