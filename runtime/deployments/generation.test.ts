import { request } from 'node:http'
import { expect, test } from 'vitest'
import { answering, startPlatform } from '#e2e/platform/platform.ts'

/** Asks `below`, waits to be told to go on, and asks it again. */
const asksTwice = {
  'index.js': `const http = require('node:http')
const below = () => new Promise((resolve, reject) => http.get(process.env.M3O_GATEWAY + '/below/x', (answer) => {
  let text = ''
  answer.on('data', (part) => (text += part)).on('end', () => resolve(text))
}).on('error', reject))
let goOn = () => {}
http.createServer(async (request, response) => {
  if (request.url === '/go-on') return goOn(), response.end()
  if (request.url !== '/both') return response.end()
  const first = await below()
  response.writeHead(200, { 'content-type': 'text/plain' }).write(first)
  await new Promise((resolve) => (goOn = resolve))
  response.end(' ' + (await below()))
}).listen(process.env.PORT, process.env.HOST)
`,
}

test('a call that is under way at a switch is answered by the generation in which it began, later ones by the new', async () => {
  await using platform = await startPlatform()
  await platform.deploy('below', answering('old'))
  await platform.deploy('above', asksTwice)
  const call = (path: string) => {
    const begun = Promise.withResolvers<void>()
    const whole = new Promise<string>((resolve, reject) => {
      request(
        {
          port: platform.gatewayPort,
          path: `/v1/above${path}`,
          agent: false,
          headers: { authorization: `Bearer ${platform.token}` },
        },
        (answer) => {
          let text = ''
          answer
            .on('data', (part: Buffer) => {
              text += part.toString()
              begun.resolve()
            })
            .on('end', () => resolve(text))
            .on('error', reject)
        },
      )
        .on('error', reject)
        .end()
    })
    return { begun: begun.promise, whole }
  }

  const before = call('/both')
  await before.begun
  await platform.deploy('below', answering('new'))
  expect((await platform.call('below')).body).toBe('new')
  await call('/go-on').whole
  expect(await before.whole).toBe('old old')

  const after = call('/both')
  await after.begun
  await call('/go-on').whole
  expect(await after.whole).toBe('new new')
})
