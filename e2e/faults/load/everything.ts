/**
 * A service that answers `revision` in every way: at once, slowly in pieces, as events, and on a websocket (RFC 6455, text
 * frames shorter than 126 bytes), which it echoes.
 */
export const everything = (revision: string): Record<string, string> => ({
  'index.js': `
const { createHash } = require('node:crypto')
const revision = ${JSON.stringify(revision)}
const server = require('node:http').createServer((request, response) => {
  const { pathname } = new URL(request.url, 'http://x')
  if (pathname.endsWith('/pieces') || pathname.endsWith('/events')) {
    const events = pathname.endsWith('/events')
    if (events) response.setHeader('content-type', 'text/event-stream')
    let count = 0
    const timer = setInterval(() => {
      response.write(events ? 'data: ' + count + '\\n\\n' : count + ',')
      if (++count === 10) { clearInterval(timer); response.end(events ? 'data: end\\n\\n' : 'end ' + revision) }
    }, 20)
    return
  }
  let size = 0
  request.on('data', (part) => { size += part.length }).on('end', () => response.end(revision + ' ' + size))
}).listen(process.env.PORT, process.env.HOST)
server.on('upgrade', (request, socket) => {
  const accept = createHash('sha1').update(request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64')
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Accept: ' + accept + '\\r\\n\\r\\n')
  let waiting = Buffer.alloc(0)
  socket.on('error', () => {})
  socket.on('data', (part) => {
    waiting = Buffer.concat([waiting, part])
    while (waiting.length >= 6 && waiting.length >= 6 + (waiting[1] & 127)) {
      const length = waiting[1] & 127
      const mask = waiting.subarray(2, 6)
      const text = Buffer.from(waiting.subarray(6, 6 + length)).map((byte, at) => byte ^ mask[at % 4])
      const code = waiting[0] & 15
      socket.write(Buffer.concat([Buffer.from([128 | code, length]), text]))
      waiting = waiting.subarray(6 + length)
      if (code === 8) return socket.end()
    }
  })
})
`,
})
