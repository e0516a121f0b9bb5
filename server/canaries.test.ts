// Over 300 lines would be two tests of one platform; it is made once, and everything that is looked through is told here.
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { Writable } from 'node:stream'
import { promisify } from 'node:util'
import { join } from 'node:path'
import pino from 'pino'
import { TRPCError } from '@trpc/server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { connect } from '#db/open.ts'
import { Shell } from '#e2e/stack/command.ts'
import { appRouter } from './router.ts'
import { bodyOf } from './trpc.ts'
import { eventually, startStand, type Stand } from './testing/stand.ts'
import type { Viewer } from './web.ts'

/*
 * Strings that a shell, a format or a program's options would act on, in every string field of every procedure; and
 * secrets, through a service's whole life. Nothing is executed; no secret stands in a log, an answer, a process list, the
 * database, a build log, an error or a file, but where it belongs: in the environment of the service that it was given to.
 */

const mark = `canary-${process.pid}-${randomBytes(4).toString('hex')}`
const secret = `s3cr3t/${randomBytes(9).toString('hex')}+val=ue`
const lines = `-----BEGIN KEY-----\nfirst${randomBytes(6).toString('hex')}\nsecond${randomBytes(6).toString('hex')}\n-----END KEY-----`
const password = `pass-${randomBytes(9).toString('hex')} word`
const owner = 'owner@example.com'

const touches = [`/tmp/${mark}`, mark]
const injections = touches.flatMap((path) => [
  `$(touch ${path})`,
  `\`touch ${path}\``,
  `x; touch ${path}`,
  `x | touch ${path}`,
  `x && touch ${path} #`,
  `x\ntouch ${path}\n`,
  `'; touch ${path}; '`,
  `"; touch ${path}; "`,
  `--upload-pack=touch ${path}`,
  `-oProxyCommand=touch ${path}`,
  `ext::sh -c touch% ${path}`,
  `--output=${path}`,
])
const odd = [
  '%n%s%x',
  '%00',
  '\0',
  '../../../../etc/passwd',
  '{{7*7}}',
  '${7*7}',
  '<script>x</script>',
  "' or 1=1 --",
  '\u202e',
  '𝒳'.repeat(40),
  '-',
  '--',
  '__proto__',
]

let stand: Stand
let shell: Shell
let viewer: Viewer
let logged = ''
const answers: string[] = []
/** Shown once, to whoever made them. */
const tokens: string[] = []

beforeAll(async () => {
  const log = pino(
    { level: 'trace' },
    new Writable({
      write: (part: Buffer, _, done) => {
        logged += part.toString()
        done()
      },
    }),
  )
  stand = await startStand({ level: 'trace', log })
  shell = await Shell.anywhere()
  const { person } = await stand.web.setup.run(stand.setupCode, { email: owner, name: 'Owner', password })
  viewer = await stand.viewerOf(person)
  await shell.json(['login', '--url', stand.settings.url, '--email', owner, '--password-stdin'], { input: password })
}, 60_000)

afterAll(async () => {
  await Promise.all([stand, shell].map((one) => one[Symbol.asyncDispose]()))
  await rm(`/tmp/${mark}`, { force: true })
}, 60_000)

interface Schema {
  type?: string | string[]
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  anyOf?: Schema[]
  oneOf?: Schema[]
  const?: unknown
  enum?: unknown[]
  default?: unknown
  minItems?: number
  minimum?: number
}
const names: Record<string, string> = {
  team: 'demo',
  environment: 'production',
  service: 'hello',
  email: 'somebody@example.com',
  path: 'index.js',
}

/** Something that fits, with the least in it. */
function example(schema: Schema, name = ''): unknown {
  const { type, anyOf, oneOf, properties = {}, required = [], items, minItems = 0 } = schema
  if (schema.const !== undefined) return schema.const
  if (schema.enum) return schema.enum[0]
  if (schema.default !== undefined) return schema.default
  const kinds = [type].flat()
  if (anyOf ?? oneOf) return example((anyOf ?? oneOf ?? [])[0] ?? {}, name)
  if (kinds.includes('null')) return null
  if (kinds.includes('object'))
    return Object.fromEntries(
      Object.entries(properties)
        .filter(([key]) => required.includes(key))
        .map(([key, value]) => [key, example(value, key)]),
    )
  if (kinds.includes('array')) return Array.from({ length: minItems }, () => example(items ?? {}, name))
  if (kinds.includes('boolean')) return false
  if (kinds.includes('number') || kinds.includes('integer')) return schema.minimum ?? 1
  return names[name] ?? 'plain'
}

/** The same with one of its strings replaced: each optional, nested and alternative one in turn. */
function* variants(schema: Schema, put: string): Generator<unknown> {
  const { type, anyOf, oneOf, properties = {}, items } = schema
  for (const one of anyOf ?? oneOf ?? []) yield* variants(one, put)
  const kinds = [type].flat()
  if (kinds.includes('string') && schema.const === undefined) yield put
  if (kinds.includes('array')) for (const item of variants(items ?? {}, put)) yield [item]
  if (!kinds.includes('object')) return
  const base = example(schema) as Record<string, unknown>
  for (const [key, value] of Object.entries(properties))
    for (const one of variants(value, put)) yield { ...base, [key]: one }
}

/** All of a procedure's inputs as one. */
function schemaOf(inputs: z.ZodType[]): Schema {
  const all = inputs.map((input) => z.toJSONSchema(input, { io: 'input', unrepresentable: 'any' }) as Schema)
  return {
    type: 'object',
    properties: Object.assign({}, ...all.map(({ properties }) => properties)) as Record<string, Schema>,
    required: all.flatMap(({ required = [] }) => required),
  }
}

const procedures = Object.entries(
  appRouter._def.procedures as unknown as Record<string, { _def: { inputs: z.ZodType[] } }>,
)

async function send(procedure: string, input: unknown): Promise<string> {
  const [noun = '', verb = ''] = procedure.split('.')
  const routers = stand.as(viewer) as unknown as Record<string, Record<string, (input: unknown) => Promise<unknown>>>
  try {
    const answer = await routers[noun]?.[verb]?.(input)
    answers.push(`${procedure}: ${JSON.stringify(answer)}`)
    return 'ok'
  } catch (error) {
    const body = bodyOf(error as TRPCError)
    answers.push(`${procedure}: ${JSON.stringify(body)}`)
    return body.code
  }
}

const program = `
const { createServer } = require('node:http')
const all = [process.env.KEY, process.env.LINES]
console.log('has', ...all)
for (const one of all.filter(Boolean)) {
  console.error('cries', one)
  console.log(JSON.stringify({ message: one, nested: { [one]: [one] } }))
  console.log('basic', Buffer.from('user:' + one).toString('base64'), encodeURIComponent(one), Buffer.from(one).toString('base64url'))
  for (const line of one.split('\\n')) console.log('line by line', line)
}
createServer((request, response) => {
  console.log('called', request.url)
  if (request.url.includes('fail')) { console.error(new Error('with ' + process.env.KEY).stack); response.statusCode = 500 }
  response.end('fine')
}).listen(process.env.PORT, process.env.HOST)
`

/** Found anywhere that a command could have left it. */
async function executed(): Promise<string[]> {
  const { stdout } = await promisify(execFile)(
    'find',
    [
      stand.home.path,
      shell.folder,
      '/tmp',
      process.cwd(),
      '-maxdepth',
      '6',
      '-name',
      mark,
      '-not',
      '-path',
      '*/node_modules/*',
    ],
    { maxBuffer: 1 << 24 },
  ).catch((error: { stdout: string }) => error)
  // A draft's file of that name lies in its build by the path that it was given.
  const isSource = (path: string) =>
    path.startsWith(join(stand.home.path, 'builds')) && injections.some((put) => path.includes(`/app/${put}`))
  return stdout.split('\n').filter((path) => path !== '' && !isSource(path))
}

test('every string field of every procedure takes them as the text that they are', { timeout: 180_000 }, async () => {
  await shell.write('hello', { 'index.js': program, 'm3o.json': '{"name":"hello"}' })
  await shell.json(['deploy', join(shell.folder, 'hello')])
  let [count, turn] = [0, 0]
  const wrong: string[] = []
  for (const [name, { _def }] of procedures) {
    if (_def.inputs.length === 0 || name === 'person.login' || name === 'calls.stream') continue // limited by rate; a stream
    const schema = schemaOf(_def.inputs)
    turn++
    const all = [...injections, ...odd]
    for (const [at, put] of all.entries()) {
      for (const [field, input] of [...variants(schema, put)].entries()) {
        // Each procedure sees all of them, and each of its fields a part that differs from its neighbours', and NUL.
        if (put !== '\0' && (at + field + turn) % 9 !== 0) continue
        count++
        const code = await send(name, input)
        if (code === 'internal') wrong.push(`${name} ${JSON.stringify(input)}: ${code}`)
      }
    }
  }
  expect(count).toBeGreaterThan(1_000)
  console.info(`${count} calls of ${procedures.length} procedures`)
  expect(wrong.slice(0, 20)).toEqual([])
  expect(await executed()).toEqual([])
})

test('a service’s whole life with them, and with secrets', { timeout: 180_000 }, async () => {
  const inject = injections[0] ?? ''
  const kept = (ran: { stdout: string; stderr: string }) => (answers.push(ran.stdout, ran.stderr), ran)
  const m3o = async (args: string[], input?: string) =>
    kept(await shell.m3o(args, input === undefined ? {} : { input }))
  await shell.write('life', {
    'index.js': program,
    [`src/${inject.replaceAll('/', '_')}.js`]: '',
    '%n%s.js': '',
    '--upload-pack=x.js': '',
    'm3o.json': JSON.stringify({ name: 'life' }),
    'README.md': `# Life\n\n${injections.join('\n')}\n`,
  })
  const life = join(shell.folder, 'life')
  const deploy = async (...more: string[]) => m3o(['deploy', life, '--json', '-m', injections.join(' '), ...more])
  expect((await deploy()).stdout).toContain('"live"')
  await m3o(['secret', 'set', 'life', 'KEY'], secret)
  await m3o(['secret', 'set', 'life', 'LINES'], lines)
  for (const [at, one] of [...injections, ...odd].entries())
    await stand
      .as(viewer)
      .variables.set({ team: 'demo', environment: 'production', service: 'life', name: `V${at}`, value: one })
      .catch(() => {})
  await stand.as(viewer).services.update({ team: 'demo', service: 'life', description: injections.join('\n') })
  expect((await m3o(['restart', 'life', '--json'])).stdout).toContain('"live"')
  for (const one of [...injections.slice(0, 12), ...odd]) {
    await send('calls.send', {
      team: 'demo',
      environment: 'production',
      service: 'life',
      path: `/${encodeURIComponent(one)}`,
      headers: [['x-one', one]],
      body: one,
    })
    await send('logs.read', {
      team: 'demo',
      environment: 'production',
      targets: [{ service: 'life' }],
      match: [{ regex: one }],
      limit: 10,
    })
    await send('source.search', {
      team: 'demo',
      environment: 'production',
      service: 'life',
      ref: { draft: true },
      query: one,
      regex: true,
      caseSensitive: false,
    })
  }
  for (const one of injections.slice(0, 3)) {
    await m3o(['call', 'life', `/${one}`])
    await m3o(['logs', 'life', '-n', '5', '--grep', one])
    // What follows `--` arrives as it was given.
    expect(
      (await m3o(['exec', 'life', '--', 'node', '-p', 'JSON.stringify(process.argv.slice(1))', '--', one])).stdout,
    ).toContain(JSON.stringify([one]).slice(2, -2))
  }
  await m3o(['call', 'life', '/fail'])
  await m3o(['exec', 'life', '--', 'sh', '-c', 'echo $V0 "$V1" | cat >/dev/null'])
  await m3o(['env', 'create', 'alice'])
  await m3o(['env', 'create', inject])
  await shell.write('life', { 'index.js': `${program}\n// changed\n` })
  expect((await deploy('--env', 'alice')).stdout).toContain('"live"')
  await m3o(['env', 'diff', '--env', 'alice'])
  await m3o(['env', 'promote', 'alice', '--json', '--yes'])
  await m3o(['rollback', 'life', '--json'])
  await m3o(['rollback', 'life', '--to', inject, '--json'])
  // It says its secrets and dies: they are in what the deployment says of it, but not in the clear.
  await shell.write('life', {
    'index.js': "console.error('dies of', process.env.KEY, process.env.LINES); process.exit(3)",
  })
  const died = await deploy('--force')
  expect(died.stdout).toContain('dies of •••••')
  await shell.write('life', {
    'index.js': program,
    'm3o.json': JSON.stringify({
      name: 'life',
      build: `echo building "$KEY" ${inject.replaceAll(`/tmp/${mark}`, 'built')}; env`,
    }),
  })
  await deploy('--force')
  await m3o(['logs', 'life', '-n', '1000', '--json'])
  const { token } = await stand.as(viewer).tokens.create({ team: 'demo', name: inject })
  tokens.push(token)
  await m3o(['services', '--token', token])
  for (const [name] of procedures.filter(([each]) =>
    /\.(list|get|read|status|history|diff|tree|traffic|about|me|sessions|departed|names|everywhere|shared|egress)$/.test(
      each,
    ),
  )) {
    await send(name, {
      team: 'demo',
      environment: 'production',
      service: 'life',
      ref: { draft: true },
      path: 'index.js',
      sinceMs: 60_000,
      stepMs: 1_000,
      limit: 100,
      last: 1_000,
    })
  }
  await nothingIsTold('while it runs')
  await m3o(['team', 'create', 'second'])
  await m3o(['service', 'transfer', 'life', 'second', '--yes'])
  await m3o(['service', 'rename', 'life', 'lives', '--team', 'second'])
  await m3o(['kill', 'lives', '--team', 'second'])
  await m3o(['service', 'delete', 'lives', '--yes', '--team', 'second'])
  await m3o(['audit', '-n', '500', '--json'])
  await nothingIsTold('after it was deleted')
  expect(await executed()).toEqual([])
})

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

const forms = (value: string) =>
  [value, ...value.split('\n').filter((line) => line.length > 12 && !line.startsWith('-----'))].flatMap((one) => [
    one,
    JSON.stringify(one).slice(1, -1),
    encodeURIComponent(one),
    Buffer.from(one).toString('base64').replace(/=+$/, ''),
    Buffer.from(one).toString('base64url'),
    Buffer.from(one).toString('hex'),
  ])

/** In no log, answer, table, file or process list; in the environment of nobody but the team's own user. */
async function nothingIsTold(when: string): Promise<void> {
  const words = [...new Set([secret, lines, password, ...tokens].flatMap(forms))]
  const told = (where: string, text: string) =>
    words
      .filter((word) => text.includes(word))
      .map(
        (word) =>
          `${when}, ${where}: ${word.slice(0, 10)}… in ${text.slice(Math.max(0, text.indexOf(word) - 60), text.indexOf(word) + 10)}`,
      )
  const found: string[] = []
  await eventually(() => stand.runtime.said().length > 0)
  for (const [name, text] of Object.entries({
    web: logged,
    runtime: stand.runtime.said(),
    gateway: stand.gateway.said(),
  }))
    found.push(...told(`log of ${name}`, text))
  for (const answer of answers) found.push(...told('answer', answer))
  const sql = connect(stand.database, 1)
  try {
    const tables = await sql<
      { name: string }[]
    >`select table_name as name from information_schema.tables where table_schema in ('public', 'drizzle')`
    for (const { name } of tables)
      for (const row of await sql<
        { text: string }[]
      >`select t::text as text from ${sql.raw(name === '__drizzle_migrations' ? 'drizzle.' : '')}${sql(name)} t`)
        found.push(...told(`table ${name}`, row.text))
  } finally {
    await sql.end({ timeout: 1 })
  }
  // What a service says waits in its own file until it is stored, masked; then it is wiped.
  await eventually(() =>
    readdirSync(join(stand.home.path, 'output')).every((id) =>
      ['stdout', 'stderr'].every(
        (stream) => told(stream, read(join(stand.home.path, 'output', id, `${stream}.log`))).length === 0,
      ),
    ),
  )
  for (const file of await readdir(stand.home.path, { recursive: true, withFileTypes: true })) {
    const path = join(file.parentPath, file.name)
    if (file.isFile() && statSync(path).size < 5_000_000)
      found.push(...told(path.replace(stand.home.path, ''), readFileSync(path, 'latin1')))
  }
  const own = new Set(
    readdirSync(join(stand.home.path, 'instances')).flatMap((id) =>
      id.startsWith('.') ? [] : [statSync(join(stand.home.path, 'instances', id, 'app')).uid],
    ),
  )
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)) {
    const [comm, cmdline, status, environ] = ['comm', 'cmdline', 'status', 'environ'].map((name) =>
      read(`/proc/${pid}/${name}`),
    ) as [string, string, string, string]
    found.push(...told(`process list, ${comm.trim()}`, cmdline))
    const uid = Number(/^Uid:\s+(\d+)/m.exec(status)?.[1] ?? 0)
    if (uid === 0 || !own.has(uid)) found.push(...told(`environment, ${comm.trim()} of ${uid}`, environ))
  }
  expect(found).toEqual([])
}
