/**
 * A service that answers requests and echoes on websockets; a process of its own, which says its port to whoever forked it.
 * `yields`: to those who want the processor as well.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setPriority } from 'node:os'
import { WebSocketServer } from 'ws'

if (process.argv.includes('yields')) setPriority(10)
const server = createServer((_, response) => response.end('ok'))
new WebSocketServer({ server }).on('connection', (socket) => socket.on('error', () => {}).on('message', (data) => socket.send(data)))
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => process.send?.((server.address() as AddressInfo).port))
process.once('disconnect', () => process.exit())
