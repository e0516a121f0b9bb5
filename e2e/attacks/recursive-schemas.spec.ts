import { expect, test } from '../browser/test.ts'
import { answering } from '../stack/programs.ts'

/** Describes endpoints whose schemas lead to themselves along more paths than can be walked. */
const describing = (title: string): Record<string, string> => ({
  'index.js': `
const own = { type: 'object', title: ${JSON.stringify(title)}, properties: { left: { $ref: '#' }, right: { $ref: '#' } } }
const chain = { $ref: '#/$defs/s0', title: ${JSON.stringify(title)}, $defs: {} }
for (let n = 0; n < 40; n++) chain.$defs['s' + n] = n % 2 ? { allOf: [{ $ref: '#/$defs/s' + (n + 1) }, { $ref: '#/$defs/s' + (n + 1) }] } : { anyOf: [{ type: 'object', properties: { a: { $ref: '#/$defs/s' + (n + 1) } } }, { type: 'object', properties: { b: { $ref: '#/$defs/s' + (n + 1) } } }] }
chain.$defs.s40 = { type: 'string', title: ${JSON.stringify(title)} }
const endpoints = [own, chain].map((schema, n) => ({ name: 'E' + n, request: schema, response: schema, stream: false }))
require('node:http').createServer((request, response) => response.end(request.url === '/_m3o/describe' ? JSON.stringify({ endpoints }) : 'ok')).listen(process.env.PORT, process.env.HOST)
`,
})

test('a service whose schemas refer to themselves, deployed twice, keeps nobody else waiting', async ({
  stack,
  shell,
}) => {
  const runtime = await stack.pidOf('runtime')
  await shell.deploy('neighbour', answering('I am here'))
  expect((await shell.deploy('recursive', describing('one'))).outcome).toBe('live')
  const [again, other] = await Promise.all([
    shell.deploy('recursive', describing('two')),
    shell.deploy('neighbour', answering('I am still here')),
  ])
  expect([again.outcome, other.outcome]).toEqual(['live', 'live'])
  expect((await shell.m3o(['call', 'neighbour', 'x', '{}'])).stdout).toContain('I am still here')
  expect((await shell.status('recursive')).endpoints.map(({ name }) => name)).toEqual(['E0', 'E1'])
  expect(await stack.pidOf('runtime')).toBe(runtime)
})
