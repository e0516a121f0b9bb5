import { createServer, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { splice } from '#contract/splice.ts'
import type { Link } from './link.ts'

const away = JSON.stringify({
  id: 'm3o.unavailable',
  code: 503,
  detail: 'this laptop is not connected to the platform',
  status: 'Service Unavailable',
})
const answerAway = `HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(away)}\r\nRetry-After: 1\r\nConnection: close\r\n\r\n${away}`

/** Where the local process calls others: on this machine alone, each connection carried on to the gateway as it is. */
export async function openLocalGateway(link: () => Link | undefined): Promise<{ port: number; close: () => void }> {
  const open = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    open.add(socket)
    socket.on('error', () => {}).once('close', () => open.delete(socket))
    const stream = link()?.open('gateway')
    // What it asks is read first: an answer to nothing would be taken for one to the next request.
    if (stream === undefined) return void socket.once('data', () => socket.end(answerAway))
    splice(socket, stream)
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close()
      for (const socket of open) socket.destroy()
    },
  }
}
