import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import { PlatformError } from '#contract/errors.ts'
import { authorize, signedIn } from '../authorize.ts'
import { inTree } from '../routers/source.ts'
import type { Exchange } from './exchange.ts'
import { readQuery } from './query.ts'
import { inertPolicy } from './security.ts'

const asked = z.object({
  team: z.string(),
  environment: z.string(),
  service: z.string(),
  path: z.string().min(1).max(4096),
  /** One's own draft when absent. */
  commit: z.string().optional(),
})

/** `GET /api/raw`: a file's bytes, as a download whatever it is, so that no file ever becomes a page of the console. */
export async function serveFile({ web, request, response, url, viewer }: Exchange): Promise<void> {
  if (request.method !== 'GET') throw new PlatformError('method_not_allowed', 'files are read with GET')
  const who = signedIn(await viewer())
  const { path, commit, ...names } = readQuery(url, asked)
  const at = await authorize(web, who, 'source.read', names)
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const parts = web.runtime.stream(
    'source.raw',
    {
      ...inTree({ at, viewer: who }, commit === undefined ? { draft: true } : { commit }),
      path,
    },
    { actor: who.actor, signal: gone.signal },
  )
  // The first part before the head: what is not there is a 404, not an empty file.
  const first = await parts.next()
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-disposition': attachment(path.split('/').at(-1) ?? 'file'),
    'content-security-policy': inertPolicy,
    'cache-control': 'private, no-cache',
  })
  await pipeline(Readable.from(bytes()), response).catch(() => response.destroy())

  async function* bytes() {
    if (!first.done) yield Buffer.from(first.value.base64, 'base64')
    for await (const part of parts) yield Buffer.from(part.base64, 'base64')
  }
}

/** RFC 6266: any name by `filename*`, and something harmless for who does not read that. */
export function attachment(name: string): string {
  const plain = name.replace(/[^\w.-]/g, '_')
  return `attachment; filename="${plain}"; filename*=UTF-8''${encodeURIComponent(name).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)}`
}
