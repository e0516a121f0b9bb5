import type { Server, Socket } from 'node:net'
import { networkOf } from '../people/sign-in-limit.ts'

/** Connections cost memory before anything is asked. Beyond these, new ones are closed; those that stand go on. */
const limits = { total: 4_000, ofNetwork: 1_000 }

/** One network does not take all connections. This machine may: a proxy of the operator's often runs here, in everybody's name. */
export function limitConnections(
  server: Pick<Server, 'maxConnections' | 'on'>,
  { total, ofNetwork }: { total: number; ofNetwork: number } = limits,
): void {
  server.maxConnections = total
  const open = new Map<string, number>()
  server.on('connection', (socket: Pick<Socket, 'remoteAddress' | 'destroy' | 'once'>) => {
    const address = (socket.remoteAddress ?? '').replace(/^::ffff:/, '')
    if (address === '' || address === '::1' || address.startsWith('127.')) return
    const network = networkOf(address)
    const count = (open.get(network) ?? 0) + 1
    if (count > ofNetwork) return void socket.destroy()
    open.set(network, count)
    socket.once('close', () => {
      const left = (open.get(network) ?? 1) - 1
      if (left === 0) open.delete(network)
      else open.set(network, left)
    })
  })
}
