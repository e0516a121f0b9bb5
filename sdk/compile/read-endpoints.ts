import { request } from 'node:http'
import { description } from '#contract/endpoints.ts'
import type { Endpoint } from '#contract/endpoints.ts'
import { describePath } from '#contract/headers.ts'
import { endpointsOfOpenApi } from './openapi.ts'

const limit = 4 * 2 ** 20
const patienceMs = 3_000

/**
 * What a running service says that it answers: of itself with the SDK, else by its /openapi.json. Empty when it says
 * nothing or nonsense: it comes from a service, so it is bounded in time and size and checked.
 */
export async function readEndpoints(address: string, port: number): Promise<Endpoint[]> {
  const signal = AbortSignal.timeout(patienceMs)
  const own = description.safeParse(await readJson({ address, port, path: describePath, signal }))
  return own.success ? own.data.endpoints : endpointsOfOpenApi(await readJson({ address, port, path: '/openapi.json', signal }))
}

/** Undefined unless it is JSON with status 200. */
function readJson({ address, port, path, signal }: { address: string; port: number; path: string; signal: AbortSignal }): Promise<unknown> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let size = 0
    const asking = request({ host: address, port, path, agent: false, signal, headers: { accept: 'application/json' } })
    const nothing = () => (asking.destroy(), resolve(undefined))
    asking.on('error', nothing)
    asking.on('response', (answer) => {
      if (answer.statusCode !== 200) return nothing()
      answer.on('error', nothing)
      answer.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > limit) nothing()
        else chunks.push(chunk)
      })
      answer.on('end', () => {
        try {
          resolve(JSON.parse(Buffer.concat(chunks).toString('utf8')))
        } catch {
          resolve(undefined)
        }
      })
    })
    asking.end()
  })
}
