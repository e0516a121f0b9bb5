/**
 * Those who attack: websockets that are opened and echo, and callers that never finish their heads. A process of its own, with descriptors of its own,
 * that yields the processor to everybody else. Each message is a command, answered with how many there are by then.
 */
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { constants, setPriority } from 'node:os'
import { each, isAlive, openSocket } from './open-sockets.ts'

export type Command = { open: number } | { echo: true } | { break: true } | { dawdle: number } | { dawdling: true }

const atOnce = 200
const port = Number(process.argv[2])
let sockets: (Socket | undefined)[] = []
let slow: Socket[] = []

setPriority(constants.priority.PRIORITY_LOW)
process.on('message', (command: Command) => void obey(command).then((count) => process.send?.(count)))
process.once('disconnect', () => process.exit())
// A byte now and then, as those do who want to look alive.
setInterval(() => { for (const socket of slow) if (!socket.destroyed) socket.write('x') }, 250)

async function obey(command: Command): Promise<number> {
  if ('open' in command) {
    sockets = await each(Array.from({ length: command.open }, (_, n) => n), atOnce, (n) => openSocket(port, n))
    return sockets.filter((socket) => socket !== undefined).length
  }
  if ('echo' in command) return (await each(sockets, atOnce, async (socket) => socket !== undefined && isAlive(socket))).filter(Boolean).length
  if ('break' in command) {
    for (const socket of sockets) socket?.destroy()
    return 0
  }
  if ('dawdle' in command) slow = await each(Array.from({ length: command.dawdle }), atOnce, (_, n) => openSlowly(n))
  return slow.filter((socket) => !socket.destroyed).length
}

/** A head that goes on and on. */
function openSlowly(n: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: `127.0.9.${1 + (n % 200)}` })
  socket.on('error', () => {}).resume()
  return new Promise((resolve) => {
    socket.once('close', () => resolve(socket)).once('connect', () => socket.write('GET /x HTTP/1.1\r\nHost: app--demo.localhost\r\nX-A: ', () => resolve(socket)))
  })
}
