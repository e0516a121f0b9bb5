import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'

const maxHeadBytes = 16 << 10

/**
 * Passes a CGI program's answer on (RFC 3875 §6): its header lines, then its body as fast as the client takes it.
 * When the client is gone the rest is read all the same: a git that finds its output closed leaves what it has received.
 */
export async function readCgi(stdout: Readable, response: ServerResponse): Promise<void> {
  let head: Buffer | undefined = Buffer.alloc(0)
  for await (const chunk of stdout as AsyncIterable<Buffer>) {
    let body = chunk
    if (head !== undefined) {
      head = Buffer.concat([head, chunk])
      const end = /\r?\n\r?\n/.exec(head.toString('latin1'))
      if (end === null) {
        if (head.length > maxHeadBytes) throw new Error('the CGI program sent no header')
        continue
      }
      writeHead(head.toString('latin1', 0, end.index), response)
      body = head.subarray(end.index + end[0].length)
      head = undefined
    }
    if (body.length > 0 && !response.destroyed && !response.write(body))
      await Promise.race([once(response, 'drain'), once(response, 'close')])
  }
  if (head !== undefined) throw new Error('the CGI program ended without an answer')
}

function writeHead(text: string, response: ServerResponse): void {
  if (response.destroyed) return
  let status = 200
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(':')
    const [name, value] = [line.slice(0, colon), line.slice(colon + 1).trim()]
    if (name.toLowerCase() === 'status') status = Number.parseInt(value, 10) || 500
    else if (colon > 0) response.setHeader(name, value)
  }
  response.writeHead(status)
}
