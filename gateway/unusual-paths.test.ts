import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { raw, type Stand, startStand } from './testing/stand.ts'

let stand: Stand
const seen: string[] = []

beforeAll(async () => {
  stand = await startStand()
  const echo = await stand.upstream((request, response) => {
    seen.push(request.url as string)
    response.end()
  })
  stand.release(stand.service('web', { audience: { kind: 'anyone' } }), 'e_production', [echo])
  await stand.publish()
})
afterAll(() => stand.close())

const segment = fc.constantFrom(
  'a',
  'x_m3o',
  '_m3',
  '%2e',
  '..',
  '.',
  '',
  ';a=b',
  'a;b',
  '%00',
  '\\',
  '%c0%af',
  '%25',
  '%',
  '%zz',
  '~k',
  '@a',
  '_',
  'v1',
  '%2F',
)

test('a service receives its own paths byte for byte, at its host and under /v1', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(segment, { maxLength: 5 }),
      fc.constantFrom('', '?', '?a=%5fm3o&b=/../'),
      async (segments, query) => {
        const path = `/${segments.join('/')}${query}`
        for (const head of [
          `GET ${path} HTTP/1.1\r\nHost: web--demo.localhost`,
          `GET /v1/@demo/web${path} HTTP/1.1\r\nHost: localhost`,
        ]) {
          expect(await raw(stand.gateway.port, `${head}\r\nConnection: close\r\n\r\n`)).toMatch(/^HTTP\/1\.1 200 /)
          expect(seen.pop()).toBe(path)
        }
      },
    ),
    { numRuns: 60 },
  )
})
