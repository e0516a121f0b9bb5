/** The head of an answer as it is written, but for what the connection adds. */
export interface HeadText {
  status: number
  /** Its lines, each with its end. */
  lines: string
  /** They say how long the body is. */
  framed: boolean
  dated: boolean
  /** The connection is to end with it. */
  closes: boolean
}

/** @param headers name and value in turn */
export function headText(status: number, reason: string, headers: readonly (string | number)[]): HeadText {
  let lines = `HTTP/1.1 ${status} ${reason}\r\n`
  let framed = false
  let dated = false
  let closes = false
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    const value = headers[i + 1] as string
    if (name.length === 14) framed ||= name.toLowerCase() === 'content-length'
    else if (name.length === 4) dated ||= name.toLowerCase() === 'date'
    else if (name.length === 10 && name.toLowerCase() === 'connection') {
      closes ||= value === 'close'
      continue
    }
    lines += `${name}: ${value}\r\n`
  }
  return { status, lines, framed, dated, closes }
}

/** The same text in one piece of its own: what is put together of parts of others keeps these. */
export function inOnePiece(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}
