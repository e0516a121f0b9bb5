import { PlatformError } from './errors.ts'

/*
 * What a tenant provides is evaluated on the threads of the runtime, web and gateway, which serve all teams. Everything that
 * is read there is bounded in size, in depth and in the number of steps; the limits stand here, each with its reason. What is
 * beyond a limit is left out and said in words; it fails an operation only where that cannot go on without it.
 */

/** JSON text: largest size in characters (UTF-16), nesting of arrays and objects, and number of values. */
export interface JsonBound {
  chars: number
  depth: number
  values: number
}

/** What a running service says of its endpoints, at /_m3o/describe or /openapi.json. The largest documents of real services have some ten thousand values. */
export const descriptionBound: JsonBound = { chars: 4 << 20, depth: 100, values: 200_000 }
/** Values copied while the references of one OpenAPI document are resolved, for all of its operations together. */
export const maxInlinedValues = 100_000
/** package.json; npm's own are a few kilobytes. Lock files are not read here. */
export const packageFileBound: JsonBound = { chars: 1 << 20, depth: 100, values: 50_000 }
/** Of a README, for the one sentence that describes a service: expressions over it take quadratic time. */
export const maxReadmeChars = 4_000
/** A document that is read as Markdown, which takes more than linear time; larger ones are shown as they were written. */
export const maxMarkdownChars = 64 << 10
/** A log line that is JSON and nested deeper, or has more values, is kept as the text that it is. */
export const logLineBound = { depth: 40, values: 4_000 }
/** Of a commit, for its message and its author: git takes messages of hundreds of megabytes. */
export const maxCommitBytes = 256 << 10
export const maxMessageChars = 64 << 10

/** Steps of a comparison of one endpoint's schemas, each below a microsecond; and of all endpoints of a service. Two thousand fields take half of one endpoint's. */
export const maxEndpointSteps = 40_000
export const maxComparisonSteps = 120_000
/** References and nested schemas that are followed from one another: below the size of the stack, above what people write. */
export const maxSchemaDepth = 64

/** A limit was reached: what it was is in the message. */
function tooLarge(what: string, limit: string): PlatformError {
  return new PlatformError('too_large', `${what} is larger than ${limit}`)
}

/**
 * JSON.parse for text of a tenant.
 * @throws SyntaxError when it is not JSON; PlatformError `too_large` naming the limit
 */
export function parseBounded(text: string, bound: JsonBound, what = 'the document'): unknown {
  if (text.length > bound.chars) throw tooLarge(what, `${bound.chars.toLocaleString('en')} characters`)
  const value: unknown = JSON.parse(text)
  const beyond = beyondBound(value, bound)
  if (beyond === 'depth') throw new PlatformError('too_large', `${what} is nested deeper than ${bound.depth} levels`)
  if (beyond === 'values') throw tooLarge(what, `${bound.values.toLocaleString('en')} values`)
  return value
}

/** Which limit a value that came from JSON is beyond. Looks no further than the limits, and does not recurse. */
export function beyondBound(
  value: unknown,
  { depth, values }: Pick<JsonBound, 'depth' | 'values'>,
): 'depth' | 'values' | undefined {
  let level: object[] = typeof value === 'object' && value !== null ? [value] : []
  let seen = 1
  for (let deep = 1; level.length > 0; deep++) {
    if (deep > depth) return 'depth'
    const below: object[] = []
    for (const each of level) {
      for (const inner of Array.isArray(each) ? (each as unknown[]) : Object.values(each)) {
        if ((seen += 1) > values) return 'values'
        if (typeof inner === 'object' && inner !== null) below.push(inner)
      }
    }
    level = below
  }
  return undefined
}

/** Without the given character at its end. Written out, as an expression such as /x+$/ takes quadratic time where many of them stand elsewhere. */
export function withoutTrailing(text: string, character: string): string {
  let end = text.length
  while (end > 0 && text[end - 1] === character) end--
  return text.slice(0, end)
}

/** Shortened where it is longer than anyone reads. */
export const shortened = (text: string, most: number): string =>
  text.length > most ? `${text.slice(0, most - 1)}…` : text

/*
 * How many things one team or person makes: far above what people use, so that no loop fills the platform that all teams share.
 */

export const maxEnvironmentsOfTeam = 1_000
export const maxServicesOfTeam = 20_000
/** Those that are valid. */
export const maxTokensOfTeam = 1_000
export const maxTokensOfPerson = 200
export const maxOpenInvitations = 500
/** Teams that one person owns, with the deleted ones whose names are still kept. */
export const maxTeamsOfPerson = 100
/** A former name of a team is nobody else's: a team that was renamed on and on would take them all. */
export const maxFormerNames = 20
