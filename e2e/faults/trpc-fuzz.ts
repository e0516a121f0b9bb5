import { request } from 'node:http'
import { z } from 'zod'
import { errorStatus } from '#contract/errors.ts'
import { appRouter } from '#server/router.ts'
import { fault } from './fault.ts'
import { Random } from './fuzz/random.ts'
import { shaped } from './fuzz/shaped.ts'
import { startTarget } from './fuzz/target.ts'

const together = 8
const warmMs = 2_000
const seed = 20_261_125
/** Ends what all the others need: the team, its service, who asks. */
const left =
  /rotateKey|teams\.(delete|rename)|members|person\.(logout|endSession|endOther|changePassword)|tokens\.revoke|services\.(delete|transfer|rename)|security|signIn|environments\.delete/

export default fault({
  title:
    'tRPC batches that nobody would send: no process ends or grows, and every answer is in the form of the platform',
  full: 600,
  short: 4,
  async *run(seconds) {
    await using target = await startTarget()
    const random = new Random(seed)
    const names = Object.keys(appRouter._def.procedures).filter((name) => !left.test(name))
    const shapes = new Map(names.map((name) => [name, shapeOf(name)]))
    const known = { team: 'crew', environment: 'production', service: 'hello' }
    const inputOf = (name: string) => (random.is(0.2) ? random.json() : shaped(random, shapes.get(name) ?? {}, known))
    const wrong: string[] = []
    let asked = 0
    const codes = new Map<string, number>()
    const began = performance.now()
    let warm = false
    const one = async () => {
      while (performance.now() - began < seconds * 1_000) {
        if (!warm && performance.now() - began > warmMs) {
          warm = true
          await target.warm()
        }
        const { method, path, body, headers } = made(random, names, inputOf)
        const answer = await send(target.webPort, {
          method,
          path,
          body,
          headers: { ...(random.is(0.9) && { authorization: `Bearer ${target.as.token}` }), ...headers },
        })
        asked++
        for (const each of codesOf(answer)) codes.set(each, (codes.get(each) ?? 0) + 1)
        if (codesOf(answer).some((code) => code === 'internal' || code.startsWith('strange')))
          wrong.push(
            `${method} ${path.slice(0, 200)} ${body.slice(0, 300)} → ${answer.status} ${answer.text.slice(0, 300)}`,
          )
      }
    }
    await Promise.all(Array.from({ length: together }, one))
    yield {
      what: 'every answer is in the form of the platform, and none is a defect',
      held: wrong.length === 0 && asked > 0,
      measured: `${asked} batches of seed ${seed}, ${[...codes].map(([code, count]) => `${code} ${count}`).join(', ')}${wrong.length > 0 ? `; ${wrong.length} such as ${wrong.slice(0, 3).join(' | ')}` : ''}`,
    }
    yield* target.findings()
    const still = await send(target.webPort, {
      method: 'GET',
      path: `/api/trpc/environments.list?input=${encodeURIComponent('{"team":"crew"}')}`,
      body: '',
      headers: { authorization: `Bearer ${target.as.token}` },
    })
    yield {
      what: 'a plain request is answered afterwards',
      held: still.status === 200 || still.status === 429,
      measured: `${still.status} ${still.text.slice(0, 120)}`,
    }
  },
})

interface Sent {
  method: string
  path: string
  body: string
  headers: Record<string, string>
}

function made(random: Random, names: readonly string[], inputOf: (name: string) => unknown): Sent {
  const same = random.of(['query', 'mutation'])
  const own = random.is(0.9) ? names.filter((name) => typeOf(name) === same) : names
  const chosen = Array.from({ length: 1 + random.below(random.is(0.1) ? 60 : 4) }, () =>
    random.is(0.98)
      ? random.of(own)
      : random.of(['__proto__', 'constructor.name', '..', 'teams', 'x'.repeat(300), 'teams.list.then', '%2e%2e']),
  )
  const batch = chosen.length > 1 || random.is(0.5)
  const inputs = batch
    ? Object.fromEntries(chosen.map((name, at) => [random.is(0.97) ? at : random.below(100), inputOf(name)]))
    : inputOf(chosen[0] ?? '')
  const text = random.is(0.9) ? (JSON.stringify(inputs) ?? '') : random.mutated(JSON.stringify(inputs) ?? '')
  const method = random.is(0.95)
    ? typeOf(chosen[0] ?? '') === 'query'
      ? 'GET'
      : 'POST'
    : random.of(['GET', 'POST', 'PUT', 'DELETE', 'PATCH'])
  const query = [
    batch && `batch=${random.of(['1', '1', '0', 'x', ''])}`,
    method === 'GET' && `input=${encodeURIComponent(text.toWellFormed().slice(0, 6_000))}`,
  ]
    .filter(Boolean)
    .join('&')
  return {
    method,
    path: `/api/trpc/${chosen
      .map((name) => encodeURIComponent(name))
      .join(',')
      .slice(0, 6_000)}${query === '' ? '' : `?${query}`}`,
    body: method === 'GET' ? '' : text,
    headers: {
      'content-type': random.is(0.9)
        ? 'application/json'
        : random.of([
            'text/plain',
            'multipart/form-data; boundary=x',
            'application/octet-stream',
            'application/json; charset=utf-16',
          ]),
    },
  }
}

type Definition = { _def: { type: string; inputs?: z.ZodType[] } }
const definitionOf = (name: string): Definition['_def'] | undefined =>
  (appRouter._def.procedures as unknown as Record<string, Definition | undefined>)[name]?._def
const typeOf = (name: string): string | undefined =>
  Object.hasOwn(appRouter._def.procedures, name) ? definitionOf(name)?.type : undefined

/** All of its inputs as one, in JSON Schema. */
function shapeOf(name: string): object {
  const shapes = (definitionOf(name)?.inputs ?? []).map(
    (input) =>
      z.toJSONSchema(input, { io: 'input', unrepresentable: 'any', reused: 'inline' }) as {
        properties?: object
        required?: string[]
      },
  )
  if (shapes.length === 1) return shapes[0] ?? {}
  return {
    type: 'object',
    properties: Object.assign({}, ...shapes.map(({ properties }) => properties)) as object,
    required: shapes.flatMap(({ required }) => required ?? []),
  }
}

function send(port: number, { method, path, body, headers }: Sent): Promise<{ status: number; text: string }> {
  return new Promise((resolve) => {
    const sent = request(
      {
        port,
        host: '127.0.0.1',
        method,
        path,
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
        timeout: 20_000,
      },
      (answer) => {
        let text = ''
        answer.on('data', (part: Buffer) => (text += part.toString()))
        answer.on('close', () => resolve({ status: answer.statusCode ?? 0, text }))
      },
    )
    sent.on('timeout', () => sent.destroy(new Error('no answer within 20 s')))
    sent.on('error', (error) => resolve({ status: 0, text: String(error) }))
    sent.end(body)
  })
}

/** `ok`, a code of the platform, or what is strange about it. */
function codesOf({ status, text }: { status: number; text: string }): string[] {
  if (status === 0) return [`strange: ${text}`]
  try {
    const body = JSON.parse(text) as unknown
    return (Array.isArray(body) ? body : [body]).map(
      (each: { error?: { data?: { m3o?: { code?: string } } } | string; code?: string; result?: unknown } | null) => {
        if (each !== null && 'result' in each) return 'ok'
        const code = typeof each?.error === 'object' ? each.error.data?.m3o?.code : each?.code
        return code !== undefined && code in errorStatus ? code : `strange: ${status} ${text.slice(0, 200)}`
      },
    )
  } catch {
    // A stream of results says each on a line of its own; a redirection has no body.
    return status < 400 ? ['other'] : [`strange: ${status} ${text.slice(0, 200)}`]
  }
}
