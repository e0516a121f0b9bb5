import { hash } from 'node:crypto'
import { PlatformError } from '#contract/errors.ts'
import { platformPath } from '#contract/headers.ts'
import { parseHostLabel } from '#contract/names.ts'
import { firstSegments, standingOf, surelyLacks } from '#contract/path-readings.ts'
import type { CallRequest } from '../call.ts'

/** What a request asks for, as its line and its host say it; nothing is looked up yet. */
export type Target =
  | { kind: 'host'; host: string; service: string; environment: string; team: string; path: string }
  /** `team` where the path names it. */
  | { kind: 'path'; service: string; team: string | undefined; path: string; key: string | undefined }
  | { kind: 'own'; path: string }

const hostShape = /^[A-Za-z0-9.\-_]+(?::\d{0,5})?$|^\[[0-9A-Fa-f:.]+\](?::\d{0,5})?$/
const absoluteForm = /^https?:\/\/([^/?#]*)([^#]*)/i
const pathShape = /^\/(?:(?:@|%40)([^/?#]+)\/)?([^/?#]+)([^#]*)$/i
const keyed = /^\/~([A-Za-z0-9_-]{16,128})(?=\/)/
const maxUrl = 16 << 10

interface HostParts {
  service: string
  environment: string
  team: string
}

export class Targets {
  private readonly suffix: string
  private readonly hosts = new Map<string, HostParts | undefined>()

  constructor(domain: string) {
    this.suffix = `.${domain}`
  }

  /** Throws `bad_request` for what no correct client sends. */
  read(request: CallRequest): Target {
    let path = request.url ?? '/'
    let host = request.headers.host ?? ''
    if (path.length > maxUrl) throw new PlatformError('too_large', 'this URL is too long')
    if (path.charCodeAt(0) !== 47) {
      // Absolute form: the address says the host, not the header (RFC 9112 §3.2.2).
      const absolute = absoluteForm.exec(path)
      if (absolute !== null) {
        host = absolute[1] as string
        path = absolute[2]?.startsWith('/') ? absolute[2] : `/${absolute[2] ?? ''}`
        if (host === '') throw new PlatformError('bad_request', 'this URL has no host')
      } else if (path !== '*' || request.method !== 'OPTIONS') {
        throw new PlatformError('bad_request', 'invalid path')
      }
    }
    if (host !== '' && !hostShape.test(host)) throw new PlatformError('bad_request', 'the Host header is not a host')
    const parts = this.hostParts(host)
    if (parts !== undefined) return { kind: 'host', host: host.toLowerCase(), ...parts, path }
    return readPath(path)
  }

  /** Whether a host is a service's. */
  isService(host: string | undefined): boolean {
    return host !== undefined && this.hostParts(host) !== undefined
  }

  private hostParts(host: string): HostParts | undefined {
    if (this.hosts.has(host)) return this.hosts.get(host)
    const name = host.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '')
    const label = name.endsWith(this.suffix) ? name.slice(0, -this.suffix.length) : undefined
    const parts = label === undefined ? undefined : parseHostLabel(label)
    if (this.hosts.size >= 20_000) this.hosts.clear()
    this.hosts.set(host, parts)
    return parts
  }
}

function readPath(path: string): Target {
  let rest = path
  let key: string | undefined
  const begin = keyed.exec(path)
  if (begin !== null) {
    key = hash('sha256', begin[1] as string, 'hex')
    rest = path.slice(begin[0].length)
  }
  if (rest.startsWith('/v1/')) rest = rest.slice(3)
  else if (key === undefined) return { kind: 'own', path }
  const parts = pathShape.exec(rest)
  if (parts === null) return { kind: 'own', path: rest }
  const after = parts[3] as string
  return {
    kind: 'path',
    key,
    team: parts[1],
    service: parts[2] as string,
    path: after.charCodeAt(0) === 47 ? after : `/${after}`,
  }
}

/** The first part of a path, when it could be the name of an endpoint; else nothing. */
export function endpointIn(path: string): string {
  let end = 1
  for (; end < path.length && end <= 80; end++) {
    const code = path.charCodeAt(end)
    // / and ?
    if (code === 47 || code === 63) break
    // Letters, digits, and _ . -
    if (
      !(
        (code >= 97 && code <= 122) ||
        (code >= 65 && code <= 90) ||
        (code >= 48 && code <= 57) ||
        code === 95 ||
        code === 46 ||
        code === 45
      )
    )
      return ''
  }
  return end > 80 ? '' : path.slice(1, end)
}

/** In none of its readings is a path without these the platform's. */
const maybePlatform = /[_%\x80-\uffff]/
const platformName = platformPath.replaceAll('/', '')
const platformSegment = new Set([platformName])

/**
 * Whether a service's path is the platform's own in any reading that the service may make of it (contract/path-readings.ts).
 * @throws PlatformError `bad_request` where it is in some readings only, or in disguise
 */
export function isPlatformPath(path: string): boolean {
  if (!maybePlatform.test(path) || surelyLacks(path, platformName)) return false
  const standing = standingOf(path, platformSegment)
  if (standing === 'disguised') throw notCanonical()
  return standing === 'own'
}

const gatewayPaths = new Set(['v1', ...platformSegment])

/** @throws PlatformError `bad_request` for a path of the gateway's own host that only some readers would take for one of ours */
export function requireCanonical(path: string): void {
  if (
    standingOf(path, gatewayPaths) === 'disguised' ||
    (!path.startsWith('/~') && [...firstSegments(path)].some((segment) => segment.startsWith('~')))
  )
    throw notCanonical()
}

const notCanonical = () =>
  new PlatformError('bad_request', 'this path could be read as a path of the platform', {
    fix: 'Send the path without encoded, doubled or empty segments, dots, `;` or `\\`.',
  })
