import { foldedName, isReservedName } from '#contract/headers.ts'
import type { CallResponse } from '../call.ts'

/** Fields that mean something before the body only (RFC 9110 §6.5.1), besides those that are the gateway's. */
const beforeBody = /^(?:content|set-cookie)(?:-|$)/

const isTrailer = (name: string): boolean => !isReservedName(name) && !beforeBody.test(foldedName(name))

/** As lines behind the last chunk. */
export function requestTrailers(trailers: readonly string[]): string {
  let lines = ''
  for (let i = 0; i < trailers.length; i += 2)
    if (isTrailer(trailers[i] as string)) lines += `${trailers[i]}: ${trailers[i + 1]}\r\n`
  return lines
}

export function addTrailers(response: CallResponse, trailers: string[]): void {
  const pairs: [string, string][] = []
  for (let i = 0; i < trailers.length; i += 2) {
    const name = trailers[i] as string
    if (isTrailer(name)) pairs.push([name, trailers[i + 1] as string])
  }
  response.addTrailers(pairs)
}
