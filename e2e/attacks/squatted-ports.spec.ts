import { expect, test } from '../browser/test.ts'
import { until } from '../stack/until.ts'

/** Takes every port that instances are given, at every address, and keeps what it is sent there. */
const squatter = {
  'index.js': `const { createServer } = require('node:http')
const net = require('node:net')
const { env } = process
let bound = 0, tried = 0
const stolen = []
createServer((request, response) => response.end(JSON.stringify({ bound, tried, stolen }))).listen(env.PORT, env.HOST)
const answer = (socket) => {
  socket.on('error', () => {}).on('data', (data) => {
    stolen.push(data.toString())
    socket.end('HTTP/1.1 200 OK\\r\\ncontent-length: 6\\r\\nconnection: close\\r\\n\\r\\nstolen')
  })
}
for (let port = 20_000; port < 32_000; port++) {
  if (port === Number(env.PORT)) continue
  net.createServer(answer).on('error', () => tried++).listen(port, '0.0.0.0', () => { tried++; bound++ })
}
`,
}

const keeper = {
  'index.js': `const { env } = process
require('node:http').createServer((request, response) => {
  let body = ''
  request.on('data', (data) => { body += data }).on('end', () => response.end(JSON.stringify({ kept: body.length, environment: env.M3O_ENVIRONMENT })))
}).listen(env.PORT, env.HOST)
`,
}

test('a service that takes all ports in a developer’s environment neither answers for production nor hears its calls', async ({
  shell,
}) => {
  await shell.json(['env', 'create', 'mallory'])
  await shell.deploy('squatter', squatter, '--env', 'mallory')
  const squatted = async () =>
    shell.json<{ bound: number; tried: number; stolen: string[] }>(['call', 'squatter', '/', '--env', 'mallory'])
  await until('the ports are taken', async () => (await squatted()).tried === 11_999, { withinMs: 20_000 })
  expect((await squatted()).bound).toBeGreaterThan(1_000)

  const deployed = await shell.deploy('keeper', keeper)
  expect(deployed.outcome).toBe('live')
  expect(await shell.json(['call', 'keeper', '/save', '{"card":"4111111111111111"}'])).toEqual({
    kept: 27,
    environment: 'production',
  })
  expect((await squatted()).stolen).toEqual([])
})
