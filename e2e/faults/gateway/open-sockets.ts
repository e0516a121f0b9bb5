import { connect, type Socket } from 'node:net'

const upgrade =
  'GET /socket HTTP/1.1\r\nHost: app--demo.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
/** Two bytes, as a client says them and as a service does (RFC 6455 §5.2). */
const said = Buffer.from([0x82, 0x82, 0, 0, 0, 0, 0x68, 0x69])
const heard = Buffer.from([0x82, 0x02, 0x68, 0x69])

/** @param localAddress whose connection it is @returns undefined when it was refused, or ended before it stood */
export function openSocket(port: number, localAddress: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress })
    socket.on('error', () => {}).once('close', () => resolve(undefined))
    socket
      .once('connect', () => socket.write(upgrade))
      .once('data', (first) => {
        if (!first.toString('latin1').startsWith('HTTP/1.1 101 ')) socket.destroy()
        else resolve(socket)
      })
  })
}

/** Whether what is said on it comes back. */
export function isAlive(socket: Socket): Promise<boolean> {
  if (socket.destroyed) return Promise.resolve(false)
  return new Promise((resolve) => {
    const gone = () => resolve(false)
    socket.once('close', gone).once('data', (data) => {
      socket.off('close', gone)
      resolve(heard.equals(data))
    })
    socket.write(said)
  })
}

/** As many at a time, in order. */
export async function each<T, R>(
  all: readonly T[],
  atOnce: number,
  work: (one: T, at: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = []
  let next = 0
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (next < all.length) {
        const at = next++
        results[at] = await work(all[at] as T, at)
      }
    }),
  )
  return results
}
