import { request } from 'node:http'
import { descriptionBound, parseBounded } from '#contract/bounds.ts'
import { description } from '#contract/endpoints.ts'
import type { Endpoint } from '#contract/endpoints.ts'
import { isPlatformError } from '#contract/errors.ts'
import { describePath } from '#contract/headers.ts'
import { endpointsOfOpenApi } from './openapi.ts'

const patienceMs = 3_000

/**
 * What a running service says that it answers: of itself with the SDK, else by its /openapi.json. Empty when it says
 * nothing or nonsense: it comes from a service, so it is bounded in time and size and checked. `leftOut` is told what was too large.
 */
export async function readEndpoints(
  address: string,
  port: number,
  leftOut: (why: string) => void = () => {},
): Promise<Endpoint[]> {
  const asked = { address, port, signal: AbortSignal.timeout(patienceMs), leftOut }
  const own = description.safeParse(await readJson({ ...asked, path: describePath }))
  return own.success
    ? own.data.endpoints
    : endpointsOfOpenApi(await readJson({ ...asked, path: '/openapi.json' }), leftOut)
}

interface Asked {
  address: string
  port: number
  path: string
  signal: AbortSignal
  leftOut: (why: string) => void
}

/** Undefined unless it is JSON with status 200, within the bound: when it is beyond that, `leftOut` is told why. */
function readJson({ address, port, path, signal, leftOut }: Asked): Promise<unknown> {
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
        if (size <= descriptionBound.chars) return void chunks.push(chunk)
        leftOut(`${path} is larger than ${descriptionBound.chars >> 20} MB`)
        nothing()
      })
      answer.on('end', () => {
        try {
          resolve(parseBounded(Buffer.concat(chunks).toString('utf8'), descriptionBound, path))
        } catch (error) {
          if (isPlatformError(error)) leftOut(error.message)
          resolve(undefined)
        }
      })
    })
    asking.end()
  })
}
