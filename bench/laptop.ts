import { Agent, request } from 'node:http'
import { parseArgs } from 'node:util'
import { Shell } from '#e2e/stack/command.ts'
import { startStack } from '#e2e/stack/stack.ts'

/*
 * What `m3o dev` adds to a call: the same program as an instance on the platform and on the laptop, which here is the same
 * machine, asked in turns in one run; alone, with a call of its own to another service, and 16 at a time. Then: how long
 * from saving a file until its answer.
 *
 * `node bench/laptop.ts [--calls 2000] [--saves 20]`; reach: at most 5 ms more at the median.
 */

const { values } = parseArgs({
  options: { calls: { type: 'string', default: '2000' }, saves: { type: 'string', default: '20' } },
})
const calls = Number(values.calls)
const saves = Number(values.saves)

const program = (says: string) => ({
  'index.js': `
const http = require('node:http')
const agent = new http.Agent({ keepAlive: true })
http.createServer((incoming, response) => {
  if (incoming.url === '/echo') return incoming.pipe(response)
  incoming.resume()
  if (!incoming.url.startsWith('/out')) return response.end(JSON.stringify({ says: ${JSON.stringify(says)} }))
  http.get(process.env.M3O_GATEWAY + '/other/x', { agent }, (answer) => answer.pipe(response)).on('error', (error) => response.writeHead(500).end(error.message))
}).listen(process.env.PORT, process.env.HOST)
`,
})

const stack = await startStack({ samples: false })
const shell = await Shell.ofAdmin(stack)
const { token } = await shell.json<{ token: string }>(['token', 'create', 'bench'])
const agent = new Agent({ keepAlive: true, maxSockets: 64 })

function ask(path: string, environment: string): Promise<{ ms: number; text: string }> {
  const begun = performance.now()
  return new Promise((resolve, reject) => {
    request(
      `${stack.gatewayUrl}/v1/measured${path}`,
      { agent, headers: { authorization: `Bearer ${token}`, 'm3o-environment': environment } },
      (answer) => {
        let text = ''
        answer
          .setEncoding('utf8')
          .on('data', (part: string) => (text += part))
          .once('end', () => {
            if (answer.statusCode !== 200) reject(new Error(`${answer.statusCode}: ${text}`))
            else resolve({ ms: performance.now() - begun, text })
          })
      },
    )
      .once('error', reject)
      .end()
  })
}

const body = Buffer.alloc(32 << 20, 'x')

/** MiB a second, in each direction at once. */
function echo(environment: string): Promise<number> {
  const begun = performance.now()
  return new Promise((resolve, reject) => {
    request(
      `${stack.gatewayUrl}/v1/measured/echo`,
      {
        method: 'POST',
        agent: false,
        headers: { authorization: `Bearer ${token}`, 'm3o-environment': environment, 'content-length': body.length },
      },
      (answer) => {
        let size = 0
        answer
          .on('data', (part: Buffer) => (size += part.length))
          .once('error', reject)
          .once('end', () =>
            size === body.length
              ? resolve(body.length / (1 << 20) / ((performance.now() - begun) / 1000))
              : reject(new Error(`${size} bytes came back`)),
          )
      },
    )
      .once('error', reject)
      .end(body)
  })
}

const at = (sorted: number[], share: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
const ms = (value: number) => `${value.toFixed(2)} ms`.padStart(9)

/** Both places in turns, so that whatever else the machine does meets both. */
async function compare(what: string, path: string, atOnce: number): Promise<number> {
  const times: Record<string, number[]> = { production: [], laptop: [] }
  for (let round = 0; round < 20; round++) {
    for (const environment of ['production', 'laptop']) {
      await Promise.all(
        Array.from({ length: atOnce }, async () => {
          for (let count = 0; count < calls / 20 / atOnce; count++)
            times[environment]?.push((await ask(path, environment)).ms)
        }),
      )
    }
  }
  const [platform = [], laptop = []] = Object.values(times).map((all) => all.sort((a, b) => a - b))
  const added = at(laptop, 0.5) - at(platform, 0.5)
  console.log(
    `${what.padEnd(34)} platform p50 ${ms(at(platform, 0.5))} p99 ${ms(at(platform, 0.99))} | laptop p50 ${ms(at(laptop, 0.5))} p99 ${ms(at(laptop, 0.99))} | added p50 ${ms(added)} p99 ${ms(at(laptop, 0.99) - at(platform, 0.99))}`,
  )
  return added
}

try {
  await shell.deploy('other', {
    'index.js': `require('node:http').createServer((request, response) => response.end('other')).listen(process.env.PORT, process.env.HOST)`,
  })
  await shell.deploy('measured', program('0'))
  await shell.m3o(['env', 'create', 'laptop'])
  const dev = shell.dev([await shell.write('folder', program('0')), '--service', 'measured', '--env', 'laptop'])
  await dev.next('serving')
  console.log('the same program on the platform and by `m3o dev`, on one machine')
  for (let count = 0; count < 200; count++)
    for (const environment of ['production', 'laptop']) await ask('/out', environment)

  const added = [
    await compare('one call', '/x', 1),
    await compare('one call that makes another', '/out', 1),
    await compare('16 at a time', '/x', 16),
  ]
  const speeds: Record<string, number[]> = { production: [], laptop: [] }
  for (let round = 0; round < 5; round++)
    for (const environment of ['production', 'laptop']) speeds[environment]?.push(await echo(environment))
  const [platform = 0, laptop = 0] = Object.values(speeds).map((all) => Math.max(...all))
  console.log(
    `32 MiB there and back: platform ${platform.toFixed(0)} MiB/s, laptop ${laptop.toFixed(0)} MiB/s (${(laptop / platform).toFixed(2)} of it)`,
  )
  const reloads: number[] = []
  for (let save = 1; save <= saves; save++) {
    const begun = performance.now()
    await shell.write('folder', program(String(save)))
    while (!(await ask('/x', 'laptop')).text.includes(`"${save}"`))
      await new Promise((resolve) => setTimeout(resolve, 1))
    reloads.push(performance.now() - begun)
  }
  reloads.sort((a, b) => a - b)
  console.log(
    `from saving to the new answer: p50 ${ms(at(reloads, 0.5))} p95 ${ms(at(reloads, 0.95))} (${saves} saves)`,
  )
  console.log(`reach: at most 5 ms more at the median for one call: ${(added[0] ?? NaN) <= 5 ? 'reached' : 'missed'}`)
  await dev.stop()
} finally {
  await shell[Symbol.asyncDispose]()
  await stack.stop()
}
process.exit(0)
