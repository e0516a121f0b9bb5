import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import type { ReadableStream as WebStream } from 'node:stream/web'
import type { Command } from 'commander'
import { codeOfStatus, errorFromBody, PlatformError } from '#contract/errors.ts'
import { endpointCall } from '#contract/endpoint-call.ts'
import type { Endpoint } from '#contract/endpoints.ts'
import { answerOf } from '#contract/headers.ts'
import type { Run } from '../run.ts'
import { Misuse } from '../misuse.ts'
import { fail, plain, print } from '../output.ts'
import type { Session } from '../session.ts'

export function addCallCommand(program: Command, run: Run): void {
  program
    .command('call <service> <endpoint> [given...]')
    .description('call an endpoint with a JSON document or with --field value pairs')
    .allowUnknownOption()
    .action(
      run(async (session, named: string, endpoint: string, given: string[]) => {
        const { service, ...place } = await session.service(named)
        const described = await endpointOf(session, { ...place, service }, endpoint)
        const { body, ...asked } = callOf(bodyOf(given, described), described, endpoint)
        const answer = await session.fetch(
          `/api/calls?${new URLSearchParams({ ...place, service, ...asked }).toString()}`,
          { method: 'POST', ...(body !== null && { body, headers: { 'content-type': 'application/json' } }) },
        )
        if (!answer.ok) throw errorFromBody(await answer.json().catch(() => undefined))
        const status = Number(answer.headers.get(answerOf.status))
        if (status < 400) return showAnswer(answer, session.json)
        const text = await answer.text()
        const refused = refusalOf(text)
        if (refused !== undefined) throw refused
        const detail = plain(detailOf(text)).slice(0, 500)
        const fix =
          status < 500
            ? `Correct the request. To see the fields: m3o status ${service}`
            : `See its log for the cause: m3o logs ${service}`
        return fail(
          new PlatformError(
            codeOfStatus(status),
            `${service} responded with ${status}${detail === '' ? '' : `: ${detail}`}`,
            { fix, data: { status } },
          ),
          session,
          asJson(text) ?? {
            error: {
              code: codeOfStatus(status),
              message: `${service} answered ${status}`,
              fix,
              data: { status, body: text },
            },
          },
        )
      }),
    )
}

/** What is given goes on as it is, but where the endpoint says that its names have other places. */
function callOf(given: string, described: Endpoint | undefined, endpoint: string): ReturnType<typeof endpointCall> {
  if (described?.method !== undefined || described?.path !== undefined) return endpointCall(described, asJson(given))
  return { method: 'POST', path: `/${described?.name ?? endpoint.replace(/^\//, '')}`, body: given }
}

/** A stream is shown as it comes, one JSON document a line; anything else whole, byte for byte where nobody reads it. */
async function showAnswer(answer: Response, json: boolean): Promise<void> {
  const type = answer.headers.get(answerOf.type) ?? ''
  const { body } = answer
  if (body === null) return
  if (/^(application\/x-ndjson|text\/event-stream)\b/.test(type)) {
    const events = type.startsWith('text/')
    for await (const line of createInterface({ input: Readable.fromWeb(body as WebStream) })) {
      if (!events || !json) print(events ? plain(line) : line)
      else if (line.startsWith('data:')) print(JSON.stringify(asJson(line.slice(5)) ?? line.slice(5).trim()))
    }
  } else if (json || process.stdout.isTTY) {
    const text = await answer.text()
    const value = asJson(text)
    if (json) print(JSON.stringify(value ?? text))
    else print(value === undefined ? text.split('\n').map(plain).join('\n') : JSON.stringify(value, null, 2))
  } else {
    const bytes = Buffer.from(await answer.arrayBuffer())
    process.stdout.write(bytes)
    if (/json|^text\/|^$/.test(type) && bytes.at(-1) !== 10) print('')
  }
}

async function endpointOf(
  session: Session,
  at: { team: string; environment: string; service: string },
  name: string,
): Promise<Endpoint | undefined> {
  const { endpoints } = await session.described(at)
  const found = endpoints.find((one) => one.name === name || one.name.toLowerCase() === name.toLowerCase())
  if (found !== undefined || endpoints.length === 0 || name.startsWith('/')) return found
  throw new PlatformError('not_found', `${at.service} has no endpoint ${name}`, {
    fix: `Choose one of ${endpoints.map((one) => one.name).join(', ')}, or give a path that begins with /.`,
  })
}

/** JSON as it is, or made from `--field value` and `--field=value` by the types of the request's schema; `--a.b` nests. */
function bodyOf(given: readonly string[], endpoint: Endpoint | undefined): string {
  if (given.length === 0) return '{}'
  const [first = ''] = given
  if (!first.startsWith('--')) {
    if (given.length > 1)
      throw new Misuse('give either one JSON document or fields', `For example '{"name": "Ann"}' or --name Ann.`)
    if (asJson(first) === undefined)
      throw new Misuse(`invalid JSON: ${first}`, `For example '{"name": "Ann"}' or --name Ann.`)
    return first
  }
  const body: Record<string, unknown> = {}
  for (let at = 0; at < given.length; at++) {
    const [, name, inline] = /^--([^=]+)(?:=([\s\S]*))?$/.exec(given[at] ?? '') ?? []
    if (name === undefined) throw new Misuse(`${given[at]} does not belong to a field`, 'Write fields as --name value.')
    const next = given[at + 1]
    const text = inline ?? (next !== undefined && !next.startsWith('--') ? given[++at] : undefined)
    set(body, name.split('.'), typed(text, schemaAt(endpoint?.request, name.split('.')), name))
  }
  return JSON.stringify(body)
}

function set(body: Record<string, unknown>, path: string[], value: unknown): void {
  const [name = '', ...rest] = path
  if (rest.length === 0)
    body[name] = Array.isArray(body[name]) && Array.isArray(value) ? [...(body[name] as unknown[]), ...value] : value
  else set((body[name] ??= {}) as Record<string, unknown>, rest, value)
}

type Schema = { type?: unknown; properties?: Record<string, Schema>; items?: Schema; anyOf?: Schema[] }

const schemaAt = (schema: unknown, path: string[]): Schema | undefined =>
  path.reduce<Schema | undefined>((at, name) => at?.properties?.[name], schema as Schema | undefined)

function typed(text: string | undefined, schema: Schema | undefined, name: string): unknown {
  const types = [schema?.type ?? schema?.anyOf?.map((one) => one.type) ?? []].flat(2)
  if (text === undefined) return true
  if (types.includes('string')) return text
  if (types.includes('array') && !text.startsWith('[')) return [typed(text, schema?.items, name)]
  if (types.length === 0) return asJson(text) ?? text
  const value = asJson(text)
  if (value !== undefined) return value
  throw new PlatformError('bad_request', `--${name} takes ${types.map(String).join(' or ')}, not ${text}`, {
    field: name,
    fix: 'Correct the value.',
  })
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** It was the platform that answered, in the service's place. */
function refusalOf(text: string): PlatformError | undefined {
  const { id, detail, fix } = (asJson(text) ?? {}) as { id?: unknown; detail?: unknown; fix?: unknown }
  if (typeof id !== 'string' || !id.startsWith('m3o.') || typeof detail !== 'string') return undefined
  return errorFromBody({ code: id.slice(4), message: detail, ...(typeof fix === 'string' && { fix }) })
}

function detailOf(text: string): string {
  const body = asJson(text) as { detail?: unknown; message?: unknown } | undefined
  const detail = body?.detail ?? body?.message
  return typeof detail === 'string' ? detail : text
}
