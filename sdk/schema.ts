/** Standard Schema (https://standardschema.dev): what zod, valibot, arktype and others have in common. */
export interface Schema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => Validated<Output> | Promise<Validated<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

type Validated<Output> = { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly Issue[] }

interface Issue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

export type InputOf<S> = S extends Schema<infer Input, unknown> ? Input : never
export type OutputOf<S> = S extends {
  readonly '~standard': { readonly types?: { readonly output: infer Output } | undefined }
}
  ? Output
  : never

export type JsonSchema = Record<string, unknown>

/** The validated value, or a sentence that names each issue: `name: expected string, received number`. */
export async function validate(
  schema: Schema | undefined,
  value: unknown,
): Promise<{ value: unknown } | { issues: string }> {
  if (!schema) return { value }
  const pending = schema['~standard'].validate(value)
  // Most schemas answer at once; a needless await costs every request a turn.
  const result = pending instanceof Promise ? await pending : pending
  if (!result.issues) return { value: result.value }
  return { issues: result.issues.slice(0, 20).map(sentence).join('; ') }
}

function sentence({ message, path = [] }: Issue): string {
  const where = path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.')
  const what = message.replace(/^Invalid input: /, '')
  return where ? `${where}: ${what}` : what
}

/** JSON Schema of what goes in or comes out. Any library's; `{}` (anything) where it cannot be said. */
export async function jsonSchema(schema: Schema | undefined, io: 'input' | 'output'): Promise<JsonSchema> {
  if (!schema) return {}
  const known = schema as Schema & { toJSONSchema?: (options: object) => unknown; _zod?: unknown }
  const standard = schema['~standard'] as { jsonSchema?: Record<string, (options: object) => unknown> }
  const options = { io, target: 'draft-2020-12', unrepresentable: 'any' }
  const ways = [
    () => known.toJSONSchema?.(options),
    () => standard.jsonSchema?.[io]?.(options),
    async () => {
      if (known._zod === undefined) return undefined
      // A zod 4 without the method: the platform's own copy reads its schemas too.
      const zod = await import('zod')
      return zod.toJSONSchema(schema as never, { io, unrepresentable: 'any' })
    },
  ]
  for (const way of ways) {
    try {
      const found = await way()
      if (typeof found === 'object' && found !== null) return plain(found)
    } catch (error) {
      console.error('a schema could not be turned into JSON Schema:', error instanceof Error ? error.message : error)
    }
  }
  return {}
}

/** Only JSON remains, without the marks of the library that made it. */
function plain(found: object): JsonSchema {
  const { $schema: _, '~standard': __, ...rest } = JSON.parse(JSON.stringify(found)) as JsonSchema
  return rest
}
