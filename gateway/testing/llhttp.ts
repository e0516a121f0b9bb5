import { createServer, type IncomingMessage, request as httpRequest } from 'node:http'
import { Duplex } from 'node:stream'

export interface Read {
  method: string
  url: string
  rawHeaders: string[]
  body: string
  complete: boolean
}

/** A connection that exists in memory: what is written to the other end is collected. */
class Wire extends Duplex {
  said = ''
  override _read(): void {}
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.said += chunk.toString('latin1')
    done()
  }
}

/** The requests that node:http sees on a connection with these bytes, with as much of each body as there is. */
export async function readByNode(bytes: Buffer): Promise<Read[]> {
  const reads: { read: Read; request: IncomingMessage }[] = []
  const server = createServer({ requireHostHeader: false, maxHeaderSize: 32 << 10 })
  const take = (request: IncomingMessage, answer?: () => void) => {
    const read: Read = {
      method: request.method ?? '',
      url: request.url ?? '',
      rawHeaders: request.rawHeaders,
      body: '',
      complete: false,
    }
    reads.push({ read, request })
    request
      .on('error', () => {})
      .on('data', (chunk: Buffer) => {
        read.body += chunk.toString('latin1')
      })
      .on('end', () => {
        read.complete = true
      })
    answer?.()
  }
  for (const event of ['request', 'checkContinue', 'checkExpectation'] as const)
    server.on(event, (request: IncomingMessage, response) => take(request, () => response.end()))
  // What came before something wrong is right.
  server.on('clientError', () => {})
  const wire = new Wire()
  server.emit('connection', wire)
  wire.push(bytes)
  // What is there is read by then; nothing else would say that no more comes.
  for (let turn = 0; turn < 4; turn++) await new Promise(setImmediate)
  wire.destroy()
  return reads.map(({ read, request }) => ({ ...read, complete: read.complete && request.complete }))
}

export interface Answer {
  status: number
  rawHeaders: string[]
  body: string
  ended: boolean
}

/** The answer that node:http sees in these bytes, to a request of the method; undefined when it sees none. `ended`: rightly. */
export function answerByNode(
  bytes: Buffer,
  { method, ends }: { method: string; ends: boolean },
): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const wire = new Wire()
    const answer: Answer = { status: 0, rawHeaders: [], body: '', ended: false }
    const sent = httpRequest({ method, createConnection: () => wire, agent: undefined as never }, (response) => {
      answer.status = response.statusCode ?? 0
      answer.rawHeaders = response.rawHeaders
      response
        .on('error', () => {})
        .on('data', (chunk: Buffer) => {
          answer.body += chunk.toString('latin1')
        })
        .on('end', () => {
          answer.ended = true
        })
    })
    sent
      .on('error', () => {})
      .on('upgrade', (_response, socket) => socket.destroy())
      .end()
    const feed = async () => {
      await new Promise(setImmediate)
      wire.push(bytes)
      if (ends) wire.push(null)
      for (let turn = 0; turn < 4; turn++) await new Promise(setImmediate)
      // What its end brings about is no part of the answer.
      resolve(answer.status === 0 ? undefined : { ...answer })
      wire.destroy()
      sent.destroy()
    }
    void feed()
  })
}
