import type { Socket } from 'node:net'

const held: Socket[] = []

/** What is written to it goes on its way once all that has come in is read. */
export function holdBack(socket: Socket): void {
  if (socket.writableCorked > 0) return
  socket.cork()
  if (held.push(socket) === 1) setImmediate(letGo)
}

function letGo(): void {
  for (const socket of held.splice(0)) socket.uncork()
}
