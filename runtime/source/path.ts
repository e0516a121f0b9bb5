import { isUtf8 } from 'node:buffer'
import { PlatformError } from '#contract/errors.ts'

export const maxPathBytes = 1024
const maxSegmentBytes = 255

/** Code points that HFS+ ignores when it compares names (git's utf8.c, next_hfs_char). */
const ignoredByHfs = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g
/** Names that Windows takes for `.git` whatever follows: short names, alternate streams, trailing dots and spaces (git's path.c). */
const gitOnNtfs = /^(\.git|git~\d+)[ .]*(:.*)?$/i

/** Why a path cannot be in a service's tree, or undefined when it can. */
export function pathFault(path: string): string | undefined {
  if (path === '') return 'is empty'
  if (!path.isWellFormed()) return 'is not valid UTF-8'
  if (Buffer.byteLength(path) > maxPathBytes) return `is longer than ${maxPathBytes} bytes`
  if (path.startsWith('/')) return 'is absolute'
  if (/[\0-\x1f\x7f]/.test(path)) return 'contains a control character'
  if (path.includes('\\')) return 'contains a backslash'
  for (const segment of path.split('/')) {
    const fault = segmentFault(segment)
    if (fault !== undefined) return fault
  }
  return undefined
}

function segmentFault(segment: string): string | undefined {
  if (segment === '') return 'contains an empty name'
  if (segment === '.' || segment === '..') return `contains "${segment}"`
  if (/^[. ]+$/.test(segment)) return 'contains a name of dots only'
  if (/[. ]$/.test(segment)) return 'contains a name that ends with a dot or a space'
  if (Buffer.byteLength(segment) > maxSegmentBytes) return `contains a name longer than ${maxSegmentBytes} bytes`
  if (gitOnNtfs.test(segment) || gitOnNtfs.test(segment.replace(ignoredByHfs, '')))
    return 'contains a name that means .git'
  return undefined
}

/** The one check that every path from outside goes through; gives the path back. */
export function checkPath(path: string, field = 'path'): string {
  const fault = pathFault(path)
  if (fault === undefined) return path
  const shown = JSON.stringify(path.length > 120 ? `${path.slice(0, 120)}…` : path)
  throw new PlatformError('invalid_path', `the path ${shown} ${fault}`, { field })
}

/** Bytes of a path (of an archive or a tree) as text; refused when they are not UTF-8. */
export function pathFromBytes(bytes: Buffer): string {
  if (!isUtf8(bytes))
    throw new PlatformError(
      'invalid_path',
      `the path ${JSON.stringify(bytes.toString('latin1').slice(0, 120))} is not valid UTF-8`,
    )
  return bytes.toString('utf8')
}

/**
 * Inside trees a name is kept as a binary string (one character a byte), so that names which are not UTF-8, from a push,
 * survive an edit beside them, and so that comparing strings is comparing bytes, as git sorts.
 */
export function rawPath(path: string): string {
  return Buffer.from(path, 'utf8').toString('latin1')
}

export function shownPath(raw: string): string {
  return Buffer.from(raw, 'latin1').toString('utf8')
}
