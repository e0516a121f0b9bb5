import { mkdir, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { laptopReady } from '#contract/laptop-sockets.ts'
import { splice } from '#contract/splice.ts'
import type { TunnelStream } from '#contract/tunnel-stream.ts'
import { listenOnSocket } from '#contract/unix-socket.ts'

export interface RunSocket {
  /** Takes no more connections; those that stand go on. */
  close(): void
}

/** Where the gateway calls one process of a laptop: each connection is a stream of the laptop's tunnel. */
export async function listenForRun(path: string, open: () => TunnelStream): Promise<RunSocket> {
  const server = createServer({ allowHalfOpen: true }, (socket) => lead(socket, open()))
  server.on('error', () => {})
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await listenOnSocket(server, path)
  return {
    close() {
      server.close()
      void rm(path, { force: true })
    },
  }
}

/** Until the process has accepted as well, nothing is taken from the gateway: it may still call another. */
function lead(socket: Socket, stream: TunnelStream): void {
  const breakOff = () => {
    socket.destroy()
    stream.destroy()
  }
  socket.once('error', breakOff).once('close', breakOff)
  stream.once('error', breakOff).once('close', breakOff)
  stream.once('accept', () => {
    socket.off('close', breakOff)
    stream.off('close', breakOff)
    socket.write(Buffer.from([laptopReady]))
    splice(stream, socket)
  })
}
