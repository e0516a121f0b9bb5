import type { CallRequest } from './call-request.ts'

export interface SnippetPlace {
  /** The gateway's address, without a slash at its end. */
  gateway: string
  team: string
  service: string
  environment: string
  /** A described endpoint that streams. */
  stream: boolean
}

export const snippetKinds = [
  { kind: 'curl', label: 'curl' },
  { kind: 'sdk', label: 'From a service' },
  { kind: 'client', label: 'TypeScript' },
  { kind: 'cli', label: 'm3o' },
] as const
export type SnippetKind = (typeof snippetKinds)[number]['kind']

/** The same call, to be made elsewhere. Whatever a person typed stays data there: it is quoted for each language. */
export function snippetOf(kind: SnippetKind, request: CallRequest, place: SnippetPlace): string {
  switch (kind) {
    case 'curl':
      return curl(request, place)
    case 'sdk':
      return sdk(request, place)
    case 'client':
      return client(request, place)
    case 'cli':
      return cli(request, place)
  }
}

const isPlainCall = ({ endpoint, method, path, headers }: CallRequest) =>
  endpoint !== null && method === 'POST' && path === `/${endpoint}` && headers.length === 0
const inEnvironment = ({ environment }: SnippetPlace): [string, string][] =>
  environment === 'production' ? [] : [['M3O-Environment', environment]]

function curl({ method, path, headers, body }: CallRequest, place: SnippetPlace): string {
  const all: [string, string][] = [...inEnvironment(place), ...headers]
  const hasType = headers.some(([name]) => name.toLowerCase() === 'content-type')
  if (body !== null && !hasType) all.push(['Content-Type', 'application/json'])
  if (place.stream) all.push(['Accept', 'text/event-stream'])
  return [
    `curl ${place.stream ? '-N ' : ''}${method === 'HEAD' ? '-I ' : `-X ${method} `}${shell(`${place.gateway}/v1/${place.service}${path}`)}`,
    '  -H "Authorization: Bearer $M3O_TOKEN"',
    ...all.map(([name, value]) => `  -H ${shell(`${name}: ${value}`)}`),
    ...(body === null ? [] : [`  --data-raw ${shell(body)}`]),
  ].join(' \\\n')
}

/** With the SDK, inside another service: the environment and the caller come along by themselves. */
function sdk(request: CallRequest, place: SnippetPlace): string {
  const { method, path, headers, body } = request
  if (request.endpoint !== null && method === 'POST' && path === `/${request.endpoint}`) {
    const call = `call${place.stream ? '.stream' : ''}(${script(place.service)}, ${script(request.endpoint)}, ${literal(body)}${headers.length > 0 ? `, { headers: ${record(headers)} }` : ''})`
    return `import { call } from '@m3o/sdk'\n\n${place.stream ? `for await (const message of ${call}) {\n  console.log(message)\n}` : `const answer = await ${call}`}\n`
  }
  return fetched('process.env.M3O_GATEWAY', request, place, headers)
}

/** With the official client, anywhere else; what it cannot send goes by fetch. */
function client(request: CallRequest, place: SnippetPlace): string {
  if (!isPlainCall(request) || place.environment !== 'production') {
    return fetched(script(`${place.gateway}/v1`), request, place, [
      ['Authorization', null],
      ...inEnvironment(place),
      ...request.headers,
    ])
  }
  const given = `new Client({ token: process.env.M3O_TOKEN, address: ${script(`${place.gateway}/`)} })`
  const args = `${script(place.service)}, ${script(request.endpoint ?? '')}, ${literal(request.body)}`
  return place.stream
    ? `import { Client } from '@m3o/m3o-node'\n\nconst m3o = ${given}\nconst stream = await m3o.stream(${args})\nstream.onMessage((message) => console.log(message))\n`
    : `import { Client } from '@m3o/m3o-node'\n\nconst m3o = ${given}\nconst answer = await m3o.call(${args})\n`
}

function fetched(
  base: string,
  { method, path, body, headers: own }: CallRequest,
  { service }: SnippetPlace,
  headers: readonly (readonly [string, string | null])[],
): string {
  const hasType = own.some(([name]) => name.toLowerCase() === 'content-type')
  const all = [...headers, ...(body !== null && !hasType ? [['Content-Type', 'application/json'] as const] : [])]
  // Without concatenation a template could take what was typed for its own.
  return [
    `const answer = await fetch(${base} + ${script(`/${service}${path}`)}, {`,
    `  method: ${script(method)},`,
    ...(all.length > 0
      ? [
          `  headers: { ${all.map(([name, value]) => `${script(name)}: ${value === null ? '`Bearer ${process.env.M3O_TOKEN}`' : script(value)}`).join(', ')} },`,
        ]
      : []),
    ...(body === null ? [] : [`  body: ${script(body)},`]),
    '})',
    'console.log(answer.status, await answer.text())',
    '',
  ].join('\n')
}

function cli(request: CallRequest, place: SnippetPlace): string {
  const { endpoint, path, body, method } = request
  const where =
    place.environment === 'production' ? `--team ${place.team}` : `--team ${place.team} --env ${place.environment}`
  if (!isPlainCall(request) && (method !== 'POST' || request.headers.length > 0))
    return `# m3o call sends POST without headers of its own; this call needs more:\n${curl(request, place)}`
  return `m3o ${where} call ${place.service} ${shell(endpoint !== null && path === `/${endpoint}` ? endpoint : path)}${body === null || body === '' ? '' : ` ${shell(body)}`}`
}

/** One word of a POSIX shell (IEEE 1003.1 §2.2.2): only a single quote ends what single quotes began. */
export const shell = (text: string): string =>
  /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) && !text.startsWith('-') ? text : `'${text.replaceAll("'", `'\\''`)}'`

/** A JavaScript string: JSON is one, but for what ends a line or a script element where it may be pasted. */
export const script = (text: string): string =>
  `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'").replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029').replaceAll('</', '<\\/')}'`

/** A body as a JavaScript literal where it is JSON. JSON is JavaScript, except that `"__proto__": …` would set the prototype. */
function literal(body: string | null): string {
  if (body === null) return '{}'
  try {
    const value: unknown = JSON.parse(body)
    if (body.includes('__proto__')) return `JSON.parse(${script(body)})`
    return JSON.stringify(value, null, 2)
      .replaceAll('\u2028', '\\u2028')
      .replaceAll('\u2029', '\\u2029')
      .replaceAll('</', '<\\/')
  } catch {
    return script(body)
  }
}

const record = (headers: CallRequest['headers']) =>
  `{ ${headers.map(([name, value]) => `${script(name)}: ${script(value)}`).join(', ')} }`
