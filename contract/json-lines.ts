import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'

/** One JSON document a line. A line may span chunks and a chunk characters; nothing is read ahead of the reader. */
export async function* readJsonLines(source: Readable): AsyncGenerator<unknown, void, undefined> {
  const decoder = new StringDecoder('utf8')
  let parts: string[] = []
  for await (const chunk of source) {
    const lines = decoder.write(chunk as Buffer).split('\n')
    const last = lines.pop() ?? ''
    for (const line of lines) {
      const whole = parts.length === 0 ? line : parts.join('') + line
      parts = []
      if (whole !== '') yield JSON.parse(whole)
    }
    if (last !== '') parts.push(last)
  }
  if (parts.length > 0) yield JSON.parse(parts.join(''))
}
