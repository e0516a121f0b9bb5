import { randomFillSync } from 'node:crypto'

/** W3C Trace Context (https://www.w3.org/TR/trace-context/): version 00, and later ones read as 00. */
const shape = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const noTrace = '0'.repeat(32)
const noSpan = '0'.repeat(16)

const pool = Buffer.alloc(8192)
let used = pool.length

function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += bytes
  return pool.toString('hex', used - bytes, used)
}

export interface Trace {
  /** For the service and the answer: the caller's trace with a span of our own. */
  traceparent: string
  /** The caller's was valid, so its `tracestate` belongs to it. */
  continued: boolean
}

export function traceFrom(header: string | undefined): Trace {
  const parts = header === undefined ? null : shape.exec(header)
  if (parts !== null) {
    const [, version, trace, span, flags, rest] = parts
    if (version !== 'ff' && !(version === '00' && rest !== undefined) && trace !== noTrace && span !== noSpan) {
      return { traceparent: `00-${trace}-${randomHex(8)}-${flags}`, continued: true }
    }
  }
  const hex = randomHex(24)
  return { traceparent: `00-${hex.slice(0, 32)}-${hex.slice(32)}-01`, continued: false }
}
