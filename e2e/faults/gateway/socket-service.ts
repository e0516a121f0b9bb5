/**
 * A service that answers requests and echoes on websockets; a process of its own, which says its port to whoever forked it.
 * Its argument is its priority (setpriority(2)), where it may have it.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setPriority } from 'node:os'
import { WebSocketServer } from 'ws'

const priority = Number(process.argv[2])
if (priority > 0 || process.getuid?.() === 0) setPriority(priority)
const server = createServer((_, response) => response.end('ok'))
new WebSocketServer({ server }).on('connection', (socket) =>
  socket.on('error', () => {}).on('message', (data) => socket.send(data)),
)
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () =>
  process.send?.((server.address() as AddressInfo).port),
)
process.once('disconnect', () => process.exit())
