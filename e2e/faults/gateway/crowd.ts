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
let rounds = 0

setPriority(constants.priority.PRIORITY_LOW)
process.on('message', (command: Command) => void obey(command).then((count) => process.send?.(count)))
process.once('disconnect', () => process.exit())
// A byte now and then, as those do who want to look alive.
setInterval(() => {
  for (const socket of slow) if (!socket.destroyed) socket.write('x')
}, 250)

async function obey(command: Command): Promise<number> {
  if ('open' in command) {
    rounds++
    sockets = await each(
      Array.from({ length: command.open }, (_, n) => addressOf(n)),
      atOnce,
      (address) => openSocket(port, address),
    )
    return sockets.filter((socket) => socket !== undefined).length
  }
  if ('echo' in command)
    return (await each(sockets, atOnce, async (socket) => socket !== undefined && isAlive(socket))).filter(Boolean)
      .length
  if ('break' in command) {
    for (const socket of sockets) socket?.destroy()
    return 0
  }
  if ('dawdle' in command) slow = await each(Array.from({ length: command.dawdle }), atOnce, (_, n) => openSlowly(n))
  return slow.filter((socket) => !socket.destroyed).length
}

/**
 * Whose nobody's connection was before: where thousands have just ended (TIME_WAIT, RFC 9293 §3.3.2), Linux looks so long for a port that is free, in the
 * kernel and however little it may, that all others feel it.
 */
const addressOf = (n: number): string => `127.${16 + (process.pid % 200)}.${rounds}.${1 + (n % 250)}`

/** A head that goes on and on. */
function openSlowly(n: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: addressOf(n) })
  socket.on('error', () => {}).resume()
  return new Promise((resolve) => {
    socket
      .once('close', () => resolve(socket))
      .once('connect', () =>
        socket.write('GET /x HTTP/1.1\r\nHost: app--demo.localhost\r\nX-A: ', () => resolve(socket)),
      )
  })
}
