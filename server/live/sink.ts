import { gone, type Sink } from './subscription.ts'

interface Client {
  readonly disconnected: boolean
  once(event: 'disconnect', listener: () => void): unknown
  emit(event: 'items' | 'bytes' | 'resync', ...values: unknown[]): unknown
}

/** Towards the subscriptions of one socket. One listener for all sends that wait for their ack. */
export function sinksOf(socket: Client): (id: string) => Sink {
  const waiting = new Set<() => void>()
  socket.once('disconnect', () => {
    for (const left of waiting) left()
    waiting.clear()
  })
  const acknowledged = (send: (ack: () => void) => void) =>
    new Promise<void>((resolve, reject) => {
      if (socket.disconnected) return reject(gone())
      const left = () => reject(gone())
      waiting.add(left)
      send(() => {
        waiting.delete(left)
        resolve()
      })
    })
  return (id) => ({
    items: (items) => acknowledged((ack) => socket.emit('items', id, items, ack)),
    bytes: (kind, bytes) => acknowledged((ack) => socket.emit('bytes', id, kind, bytes, ack)),
    resync: () => void socket.emit('resync'),
  })
}
