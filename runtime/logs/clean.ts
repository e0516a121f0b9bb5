import { isUtf8 } from 'node:buffer'

/**
 * Whether bytes can be kept as they are: valid UTF-8 and no control characters but tabs and newlines (a carriage
 * return only before a newline). Most of what is ever written passes, at the cost of one look.
 */
export function isClean(bytes: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number
    if (byte >= 0x20) {
      if (byte === 0x7f) return false
      // U+0080 to U+009F are control characters too: some terminals obey them.
      if (byte === 0xc2 && (bytes[i + 1] as number) < 0xa0) return false
    } else if (byte !== 0x0a && byte !== 0x09 && !(byte === 0x0d && bytes[i + 1] === 0x0a)) return false
  }
  return isUtf8(bytes.subarray(start, end))
}

/** Colours and weights (SGR), which are kept, or any other control character. */
const controls = /\x1b\[[\d;:]*m|[\x00-\x08\x0b-\x1f\x7f\x80-\x9f]/g

/** What is invalid becomes U+FFFD; what could steer a terminal becomes its picture (␛); NUL goes. Colours and newlines stay. */
export function cleanText(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(controls, (found) => {
    if (found.length > 1) return found
    const code = found.charCodeAt(0)
    if (code === 0) return ''
    if (code < 0x20) return String.fromCharCode(0x2400 + code)
    return code === 0x7f ? '␡' : '\ufffd'
  })
}

/** The text without colours, for looking at its words. */
export function withoutColours(text: string): string {
  return text.includes('\x1b') ? text.replace(/\x1b\[[\d;:]*m/g, '') : text
}
