import { parseTree, findNodeAtLocation, printParseErrorCode } from 'jsonc-parser'
import type { Node, ParseError } from 'jsonc-parser'
import { z } from 'zod'
import { PlatformError } from './errors.ts'
import { parseDuration, parseMemory } from './quantities.ts'
import { serviceName, teamName } from './names.ts'

export const manifestFile = 'm3o.json'

const runtimes = ['node', 'python', 'go', 'rust', 'java', 'image', 'command'] as const
export type Runtime = (typeof runtimes)[number]

const oneLine = (what: string, max: number) =>
  z
    .string()
    .trim()
    .min(1, `${what} is empty`)
    .max(max, `${what} has at most ${max} characters`)
    // A NUL would end an argument early, wherever the text goes.
    .refine((text) => !text.includes('\0'), `${what} contains a NUL character`)

const count = z.int('a number of instances is a whole number').min(0).max(32, 'at most 32 instances')

const instances = z
  .union([count, z.strictObject({ min: count.optional(), max: count.optional() })], 'a number, or {"min": 1, "max": 3}')
  .transform((value) => {
    if (typeof value === 'number') return { min: value, max: Math.max(1, value) }
    const min = value.min ?? Math.min(1, value.max ?? 1)
    return { min, max: Math.max(1, value.max ?? min) }
  })
  .refine(({ min, max }) => min <= max, 'min is greater than max')

const memory = z.union([z.string(), z.number()], 'a size such as "256MB"').transform((value, context) => {
  const size = parseMemory(value)
  if (size !== undefined && size >= 32 && size <= 16_384) return size
  context.addIssue({ code: 'custom', message: 'a size from "32MB" to "16GB", such as "256MB"' })
  return z.NEVER
})

const idle = z.string('a time such as "10m", or "never"').transform((value, context) => {
  if (value.trim() === 'never') return 'never' as const
  const milliseconds = parseDuration(value)
  if (milliseconds !== undefined && milliseconds >= 1_000) return milliseconds
  context.addIssue({ code: 'custom', message: 'a time of at least one second, such as "30s", "10m", "2h", or "never"' })
  return z.NEVER
})

const health = oneLine('a health path', 500).regex(/^\/[\x21-\x7e]*$/, 'a path that begins with / and has no spaces')

/** Who may call a service: its team, the whole platform, anyone, or the teams that are named (and always its own). */
const manifestAudience = z.union(
  [z.enum(['team', 'platform', 'anyone']), z.array(teamName).min(1).max(100)],
  '"team", "platform", "anyone", or a list of teams',
)
export type ManifestAudience = z.output<typeof manifestAudience>

/** m3o.json: every key is optional. Sizes come out in MiB, times in milliseconds. */
const manifestSchema = z.strictObject({
  name: serviceName.optional(),
  runtime: z.enum(runtimes, `one of ${runtimes.join(', ')}`).optional(),
  command: oneLine('a command', 4_000).optional(),
  build: oneLine('a build command', 4_000).optional(),
  health: health.optional(),
  instances: instances.optional(),
  memory: memory.optional(),
  cpu: z
    .number('a number of CPU cores, such as 0.5')
    .min(0.05, 'at least 0.05 CPU cores')
    .max(32, 'at most 32 CPU cores')
    .optional(),
  idle: idle.optional(),
  audience: manifestAudience.optional(),
  owner: oneLine('an owner', 254).optional(),
})

export type Manifest = z.output<typeof manifestSchema>
export type ManifestKey = keyof Manifest
export const manifestKeys = Object.keys(manifestSchema.shape) as ManifestKey[]

/** Reads m3o.json; a fault is `invalid_manifest` with the line, column and key (also in `data`). */
export function parseManifest(text: string): Manifest {
  const errors: ParseError[] = []
  const source = text.replace(/^\uFEFF/, '')
  // The parser recurses, so that a small file of brackets alone could use up the stack.
  if (source.length > 20_000) throw fault('', 0, 'it is larger than 20,000 characters')
  if ((source.match(/[[{]/g)?.length ?? 0) > 500) throw fault(source, 0, 'it is nested too deeply')
  const root = parseTree(source, errors, { disallowComments: true, allowTrailingComma: false })
  const first = errors[0]
  if (first !== undefined || root === undefined) {
    const offset = first?.offset ?? 0
    throw fault(
      source,
      offset,
      first ? wording(printParseErrorCode(first.error)) : 'it is empty',
      keyBefore(root, offset),
    )
  }
  if (root.type !== 'object') throw fault(source, root.offset, 'it must be an object: { … }')
  const twice = repeatedKey(root)
  if (twice) throw fault(source, twice.offset, `"${String(twice.value)}" appears twice`, String(twice.value))

  const result = manifestSchema.safeParse(valueOf(root))
  if (result.success) return result.data
  const issue = result.error.issues[0]
  if (issue === undefined) throw fault(source, 0, 'it is not valid')
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? ''
    const at = keyNode(root, [...issue.path.map(String), key])
    throw fault(source, at?.offset ?? 0, `unknown ${plural(issue.keys)}`, key, suggestion(key))
  }
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)))
  const at = findNodeAtLocation(root, path) ?? root
  throw fault(source, at.offset, `"${path.join('.')}": ${issue.message}`, path.join('.'))
}

function fault(source: string, offset: number, what: string, key?: string, fix?: string): PlatformError {
  const before = source.slice(0, offset).split('\n')
  const line = before.length
  const column = (before.at(-1)?.length ?? 0) + 1
  return new PlatformError('invalid_manifest', `${manifestFile} line ${line}, column ${column}: ${what}`, {
    fix: fix ?? `Correct ${manifestFile} at line ${line}.`,
    ...(key !== undefined && { field: key }),
    data: { file: manifestFile, line, column, ...(key !== undefined && { key }) },
  })
}

function suggestion(key: string): string {
  const letters = (word: string) => [...word.toLowerCase()].sort().join('')
  const near = manifestKeys.find(
    (known) => known.startsWith(key.slice(0, 3).toLowerCase()) || letters(known) === letters(key),
  )
  return near ? `Did you mean "${near}"?` : `The keys are ${manifestKeys.join(', ')}.`
}

function plural(keys: readonly string[]): string {
  return `${keys.length === 1 ? 'key' : 'keys'} ${keys.map((key) => JSON.stringify(key)).join(', ')}`
}

/** "CommaExpected" → "a comma was expected". */
function wording(code: string): string {
  const words = code.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase()
  const expected = /^(.*) expected$/.exec(words)
  if (expected?.[1]) return `${/^[aeiou]/.test(expected[1]) ? 'an' : 'a'} ${expected[1]} was expected`
  return words === 'invalid comment token' ? 'JSON has no comments' : words
}

/** The last key begun before the fault: what a person looks for. */
function keyBefore(node: Node | undefined, offset: number): string | undefined {
  let found: Node | undefined
  for (const property of node?.children ?? []) {
    const key = property.children?.[0]
    if (key !== undefined && key.offset < offset) found = key
  }
  return found ? String(found.value) : undefined
}

function repeatedKey(node: Node): Node | undefined {
  const seen = new Set<unknown>()
  for (const property of node.children ?? []) {
    const key = node.type === 'object' ? property.children?.[0] : undefined
    if (key !== undefined && seen.has(key.value)) return key
    if (key !== undefined) seen.add(key.value)
    const inner = repeatedKey(key !== undefined ? (property.children?.[1] ?? property) : property)
    if (inner !== undefined) return inner
  }
  return undefined
}

function keyNode(root: Node, path: readonly string[]): Node | undefined {
  return findNodeAtLocation(root, [...path])?.parent?.children?.[0]
}

/** Like JSON.parse, but `__proto__` stays a plain key, which the schema then refuses by name. */
function valueOf(node: Node): unknown {
  if (node.type === 'array') return (node.children ?? []).map(valueOf)
  if (node.type !== 'object') return node.value
  const entries = (node.children ?? []).map((property): [string, unknown] => {
    const [key, value] = property.children ?? []
    return [String(key?.value), value ? valueOf(value) : undefined]
  })
  return Object.fromEntries(entries)
}
