import { connect } from 'node:net'
import { expect, test } from '../browser/test.ts'

const echo = {
  'index.js': `require('node:http').createServer((request, response) => response.end('path ' + request.url)).listen(process.env.PORT, process.env.HOST)\n`,
}

async function ask(base: string, host: string, path: string): Promise<{ status: number; body: string }> {
  const { hostname, port } = new URL(base)
  const socket = connect(Number(port), hostname)
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
  let text = ''
  for await (const part of socket.setEncoding('latin1') as AsyncIterable<string>) text += part
  return { status: Number(text.slice(9, 12)), body: text.slice(text.indexOf('\r\n\r\n') + 4) }
}

test('a path of the platform is reached in no disguise, and a service receives its own as they are', async ({
  stack,
  shell,
}) => {
  await shell.deploy('paths', echo)
  await shell.json(['share', 'paths', '--anyone'])
  const { port } = new URL(stack.gatewayUrl)
  const host = `paths--demo.localhost:${port}`
  for (const path of [
    '/;/_m3o/describe',
    '/_m3o;a/describe',
    '//_m3o/describe',
    '/./_m3o/describe',
    '/x/..;/_m3o/describe',
    '/\\_m3o/describe',
    '/%5fm3o/describe',
    '/%255fm3o/describe',
    '/%c1%9fm3o/describe',
    '/_m3o%00/describe',
    '/%EF%BC%BFm3o/x',
  ]) {
    expect(await ask(stack.gatewayUrl, host, path), path).toMatchObject({ status: 400 })
    expect(await ask(stack.gatewayUrl, '127.0.0.1', `/v1/@demo/paths${path}`), path).toMatchObject({ status: 400 })
  }
  expect((await ask(stack.gatewayUrl, host, '/_m3o/describe')).status).toBe(404)
  for (const path of ['/a//b/../c;d=e/%2e%2e/%5f', '/;/x', '//x', '/%00', '/v1/@demo/paths', '/~key/v1/x'])
    expect(await ask(stack.gatewayUrl, host, path), path).toEqual({
      status: 200,
      body: expect.stringContaining(`path ${path}`) as unknown,
    })
  const { host: consoleHost } = new URL(stack.url)
  for (const path of [
    '/_next/static/..%2f..%2fdemo',
    '/;/api/trpc/platform.welcome',
    '/API/trpc/platform.welcome',
    '/x/..%2fhandover',
  ])
    expect((await ask(stack.url, consoleHost, path)).status, path).toBe(400)
})
