import type { Endpoint, JsonSchema } from '#contract/endpoints.ts'
import type { Service } from '#contract/records.ts'

type Called = Pick<Service, 'name' | 'environment'> & { endpoints: readonly Endpoint[] }

/** A call of the first endpoint that can be pasted, with something in each field that it needs. */
export function exampleCall(
  kind: 'm3o' | 'curl' | 'sdk',
  { name, environment, endpoints }: Called,
  gateway: string,
): string {
  const [first] = endpoints
  const method = first?.method?.toUpperCase() ?? (first === undefined ? 'GET' : 'POST')
  const path = first === undefined ? '/' : (first.path ?? `/${first.name}`)
  const body =
    first === undefined || method === 'GET' || method === 'HEAD' ? null : JSON.stringify(exampleOf(first.request) ?? {})
  const elsewhere = environment === 'production' ? '' : environment
  switch (kind) {
    case 'm3o':
      return [
        `m3o call ${name} ${first?.name ?? '/'}`,
        body === null || body === '{}' ? '' : ` ${shell(body)}`,
        elsewhere && ` --env ${elsewhere}`,
      ].join('')
    case 'curl':
      return [
        `curl -X ${method} ${shell(`${gateway}/v1/${name}${path}`)}`,
        '  -H "Authorization: Bearer $M3O_TOKEN"',
        ...(elsewhere ? [`  -H 'M3O-Environment: ${elsewhere}'`] : []),
        ...(body === null ? [] : [`  -H 'Content-Type: application/json' --data-raw ${shell(body)}`]),
      ].join(' \\\n')
    case 'sdk':
      return first === undefined || first.path !== undefined
        ? `const answer = await fetch(\`\${process.env.M3O_GATEWAY}/${name}${path.replace(/[`\\$]/g, '\\$&')}\`${method === 'GET' ? '' : `, { method: ${JSON.stringify(method)} }`})`
        : `import { call } from '@m3o/sdk'\n\nconst answer = await call(${JSON.stringify(name)}, ${JSON.stringify(first.name)}, ${body})`
  }
}

/** Only what is needed; schemas come from services, so nothing about them is taken for granted. */
function exampleOf(schema: JsonSchema, depth = 0): unknown {
  const { type, properties, required, items, enum: choices, default: usual } = schema
  if (usual !== undefined) return usual
  if (Array.isArray(choices)) return choices[0] as unknown
  if (type === 'string') return '…'
  if (type === 'number' || type === 'integer') return typeof schema['minimum'] === 'number' ? schema['minimum'] : 1
  if (type === 'boolean') return true
  if (type === 'array') return isObject(items) && depth < 4 ? [exampleOf(items, depth + 1)] : []
  if (!isObject(properties) || !Array.isArray(required) || depth > 4) return {}
  return Object.fromEntries(
    required.flatMap((name) => {
      const of = typeof name === 'string' && Object.hasOwn(properties, name) ? properties[name] : undefined
      return typeof name === 'string' && isObject(of) ? [[name, exampleOf(of, depth + 1)]] : []
    }),
  )
}

const isObject = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const shell = (text: string) => `'${text.replaceAll("'", "'\\''")}'`
