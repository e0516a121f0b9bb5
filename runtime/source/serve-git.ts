import { randomBytes } from 'node:crypto'
import fs from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import path from 'node:path'
import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import zlib from 'node:zlib'
import { PlatformError } from '#contract/errors.ts'
import { readCgi } from './cgi.ts'
import { exitOf, gitEnvironment, type GitProcess, killGit, stopGit } from './git.ts'
import { maxFiles, maxFolders, maxTreeBytes } from './limits.ts'
import type { Person, Repository } from './naming.ts'
import type { Oid } from './objects.ts'
import { maxPathBytes } from './path.ts'
import { spawn } from '../engines/process/spawn.ts'

export interface ServeInput {
  /** Below the repository's address, with its query: `/info/refs?service=git-upload-pack`. */
  path: string
  user: Person & { id: string }
  mayWrite: boolean
  /** Refs that may not be moved, and why. */
  refuse?: readonly { ref: string; why: string }[]
  /** Bytes that the push may bring at most: the room that its team has left. */
  room?: number
  /** Told once of what a push has moved, also when its sender is gone by then. What it gives is shown to the sender. */
  pushed?: (refs: RefUpdate[]) => Promise<string[]>
}

export interface RefUpdate {
  ref: string
  /** Null: the ref is new, or is gone. */
  old: Oid | null
  new: Oid | null
}

const maxInput = 512 << 20
const deadlineMs = 15 * 60_000
const services = new Set(['git-upload-pack', 'git-receive-pack'])
const zero = '0'.repeat(40)

/**
 * Answers one request of a git client (the smart protocol alone, gitprotocol-http(5)); the caller has signed in the
 * person and checked that they may read. Gives the refs that a push has moved, also when its sender is gone by then.
 */
export async function serveGit(
  repository: Repository,
  request: IncomingMessage,
  response: ServerResponse,
  input: ServeInput,
): Promise<{ refs: RefUpdate[] }> {
  const url = new URL(input.path, 'http://git')
  const service = wantedService(request, url)
  if (service === 'git-receive-pack' && !input.mayWrite)
    throw new PlatformError('forbidden', 'you may read this source, but not push to it', {
      fix: 'Ask an admin of the team for the role developer.',
    })
  // 0 would be no limit to git.
  const most = Math.max(1, Math.min(maxInput, Math.floor(input.room ?? maxInput)))
  const pushed = path.join(path.dirname(repository.dir), `.upload-${randomBytes(9).toString('hex')}`)
  const child = spawn('git', ['http-backend'], {
    // Further than three, for post-receive: it says that it has written down what moved, and reads what to tell the sender.
    cwd: repository.dir,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe', 'pipe'],
    env: {
      ...gitEnvironment(settings(input.mayWrite, most)),
      ...cgiEnvironment(repository, request, { url, input }),
      M3O_PUSHED: pushed,
      M3O_MAX_FILES: String(maxFiles),
      M3O_MAX_FOLDERS: String(maxFolders),
      M3O_MAX_BYTES: String(maxTreeBytes),
      M3O_MAX_PATH: String(maxPathBytes),
      M3O_NODE: process.execPath,
      M3O_REFUSED: (input.refuse ?? []).map(({ ref, why }) => `${ref}\t${why}`).join('\n'),
    },
  })
  const {
    stdin,
    stdout,
    stderr,
    stdio: [, , , asks, answers],
  } = child as unknown as GitProcess & { stdio: [Writable, Readable, Readable, Readable, Writable] }
  let refs: Promise<RefUpdate[]> | undefined
  const noteRefs = () =>
    (refs ??= readPushed(pushed).then(async (moved) => {
      const lines = moved.length === 0 ? [] : await input.pushed?.(moved)
      answers.end(lines?.map((line) => `${line}\n`).join(''))
      return moved
    }))
  asks.once('data', () => void noteRefs().catch(() => answers.end()))
  for (const stream of [asks, answers]) stream.on('error', () => {})
  const ended = exitOf(child)
  ended.catch(() => {})
  const gone = () => (service === 'git-receive-pack' ? stopGit(child) : killGit(child))
  const deadline = setTimeout(gone, deadlineMs)
  response.once('close', gone)
  stderr.resume()
  stdin.on('error', () => {})
  let tooMuch = false
  const sending = pipeline(
    plainBody(request, () => {
      tooMuch = true
    }),
    stdin,
  ).catch(() => {
    // Git has closed early (it has refused) or the client disconnected; a body cut short must not look whole to git.
    if (tooMuch || request.destroyed) gone()
  })
  try {
    await readCgi(stdout, response)
    await ended
    await Promise.race([sending, new Promise((resolve) => stdin.once('close', resolve))])
    response.end()
  } catch (error) {
    killGit(child)
    await ended.catch(() => {})
    if (tooMuch)
      throw new PlatformError('too_large', `a push is limited to ${maxInput >> 20} MB`, {
        fix: 'Push in smaller parts, or remove large data from the source.',
      })
    if (!response.headersSent && !response.destroyed) throw error
    response.destroy()
  } finally {
    clearTimeout(deadline)
    response.off('close', gone)
  }
  return { refs: await noteRefs() }
}

function wantedService(request: IncomingMessage, url: URL): string {
  if (request.method === 'GET' && url.pathname === '/info/refs') {
    const service = url.searchParams.get('service') ?? ''
    if (services.has(service)) return service
    throw new PlatformError('bad_request', 'this git client is too old: only the smart protocol is served', {
      fix: 'Use git 1.6.6 or newer.',
    })
  }
  const service = url.pathname.slice(1)
  if (request.method === 'POST' && services.has(service)) return service
  throw new PlatformError('not_found', 'this is not a git address')
}

function settings(mayWrite: boolean, most: number): Record<string, string> {
  return {
    'core.hooksPath': path.join(import.meta.dirname, 'hooks'),
    'http.uploadpack': 'true',
    'http.receivepack': String(mayWrite),
    'http.getanyfile': 'false',
    'transfer.hideRefs': 'refs/m3o',
    'receive.hideRefs': '!refs/m3o/incoming',
    'uploadpack.allowFilter': 'true',
    'receive.fsckObjects': 'true',
    // Found in much real history, and harmless (git's fsck-msgs).
    'receive.fsck.zeroPaddedFilemode': 'ignore',
    'receive.fsck.missingSpaceBeforeDate': 'ignore',
    'receive.fsck.badTimezone': 'ignore',
    'receive.maxInputSize': String(most),
    'receive.autogc': 'false',
    'receive.denyDeleteCurrent': 'refuse',
  }
}

function cgiEnvironment(
  repository: Repository,
  request: IncomingMessage,
  { url, input }: { url: URL; input: ServeInput },
): Record<string, string> {
  const protocol = request.headers['git-protocol']
  const type = request.headers['content-type']
  return {
    GIT_PROJECT_ROOT: path.dirname(repository.dir),
    GIT_HTTP_EXPORT_ALL: '1',
    PATH_INFO: `/${path.basename(repository.dir)}${url.pathname}`,
    QUERY_STRING: url.search.slice(1),
    REQUEST_METHOD: request.method ?? 'GET',
    REMOTE_USER: input.user.id,
    REMOTE_ADDR: '127.0.0.1',
    SERVER_PROTOCOL: 'HTTP/1.1',
    ...(type !== undefined && { CONTENT_TYPE: type }),
    ...(typeof protocol === 'string' && /^version=[012]$/.test(protocol) && { GIT_PROTOCOL: protocol }),
  }
}

/** The body as git wants it, whatever it came as; without end it does not go on. */
function plainBody(request: IncomingMessage, tooMuch: () => void): Readable {
  const zipped = /^(x-)?gzip$/i.test(request.headers['content-encoding'] ?? '')
  return Readable.from(
    (async function* () {
      const source = zipped ? unzip(request) : request
      let seen = 0
      for await (const chunk of source as AsyncIterable<Buffer>) {
        seen += chunk.length
        if (seen > maxInput + (1 << 20)) {
          tooMuch()
          throw new Error('the body is too large')
        }
        yield chunk
      }
    })(),
    { objectMode: false },
  )
}

function unzip(request: IncomingMessage): Readable {
  const gunzip = zlib.createGunzip()
  request.once('error', (error) => gunzip.destroy(error))
  request.once('aborted', () => gunzip.destroy(new Error('the client disconnected')))
  return request.pipe(gunzip)
}

async function readPushed(file: string): Promise<RefUpdate[]> {
  const text = await fs.readFile(file, 'utf8').catch(() => '')
  await fs.rm(file, { force: true })
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [old = zero, next = zero] = line.split(' ')
      return { ref: line.slice(82), old: old === zero ? null : old, new: next === zero ? null : next }
    })
}
