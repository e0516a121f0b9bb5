import { PlatformError } from './errors.ts'

/**
 * JSON from somebody who is not trusted. A few megabytes of `[[[[` or `0,0,0` become hundreds of megabytes of objects, so
 * depth and number of values are counted in the bytes, before anything is parsed.
 */
export interface JsonBounds {
  bytes: number
  /** Arrays and objects inside one another. */
  depth: number
  /** Scalars, arrays and objects; names of members do not count. */
  values: number
}

export interface JsonSize {
  depth: number
  values: number
}

/** @throws PlatformError `too_large` beyond the bounds, `bad_request` when it is not JSON */
export function parseBounded(json: Uint8Array | string, bounds: JsonBounds): unknown {
  const bytes = typeof json === 'string' ? Buffer.from(json) : json
  requireBounded(bytes, bounds)
  try {
    return JSON.parse(typeof json === 'string' ? json : new TextDecoder().decode(bytes))
  } catch (cause) {
    throw new PlatformError('bad_request', 'the JSON could not be parsed', {}, { cause })
  }
}

/** For a parser of somebody else's: looks, and does not parse. @throws PlatformError `too_large` */
export function requireBounded(bytes: Uint8Array, bounds: JsonBounds): void {
  if (bytes.length > bounds.bytes) throw tooLarge(`the limit is ${spokenBytes(bounds.bytes)}`)
  const { depth, values } = measureJson(bytes, bounds)
  if (depth > bounds.depth) throw tooLarge(`arrays and objects may be nested at most ${bounds.depth} deep`)
  if (values > bounds.values) throw tooLarge(`at most ${bounds.values.toLocaleString('en')} values are allowed`)
}

const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const [openArray, closeArray, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d]

/**
 * Exact for valid JSON (RFC 8259). Of anything else it never says less than a parser would have made before it fails.
 * Stops at what exceeds `most`.
 */
export function measureJson(bytes: Uint8Array, most: JsonSize = { depth: Infinity, values: Infinity }): JsonSize {
  let depth = 0
  let deepest = 0
  let values = 1
  let isString = false
  /** The last byte outside strings that is not white space. */
  let previous = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (isString) {
      if (byte === backslash) at++
      else if (byte === quote) isString = false
      continue
    }
    switch (byte) {
      case 0x20:
      case 0x09:
      case 0x0a:
      case 0x0d:
        continue
      case quote:
        isString = true
        break
      case comma:
        values++
        break
      case openArray:
      case openObject:
        values++
        if (++depth > deepest) deepest = depth
        break
      case closeArray:
      case closeObject:
        depth--
        // An empty one has no first value, which its opening had counted.
        if (previous === openArray || previous === openObject) values--
        break
      default:
    }
    if (deepest > most.depth || values > most.values + 1) break
    previous = byte ?? 0
  }
  return { depth: deepest, values }
}

export const spokenBytes = (bytes: number): string => (bytes < 1 << 20 ? `${bytes >> 10} KiB` : `${bytes >> 20} MiB`)

const tooLarge = (why: string) =>
  new PlatformError('too_large', `the request is too large: ${why}`, { fix: 'Send less data in one request.' })
