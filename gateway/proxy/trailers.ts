import type { ServerResponse } from 'node:http'

/** Fields that mean something before the body only (RFC 9110 §6.5.1), or that are the gateway's. */
const notAsTrailer = /^(?:transfer-encoding|content-|host$|set-cookie|trailer|connection|authorization|m3o-|te$)/i

export function addTrailers(response: ServerResponse, trailers: string[]): void {
  const pairs: [string, string][] = []
  for (let i = 0; i < trailers.length; i += 2) {
    const name = trailers[i] as string
    if (!notAsTrailer.test(name)) pairs.push([name, trailers[i + 1] as string])
  }
  response.addTrailers(pairs)
}
