import type { Duplex, Readable } from 'node:stream'
import { drained } from '#contract/drained.ts'
import type { Frame, FrameKind } from '#contract/frames.ts'
import { encodeFrame, frameKind, FrameReader } from '#contract/frames.ts'
import type { ExecSession } from '#runtime/engines/engine.ts'
import type { Attachment, Size } from './terminal.ts'

/** Frames to and from one viewer of a terminal. Resolves when either side has gone; the terminal lives on. */
export async function serveTerminal(socket: Duplex, attachment: Attachment): Promise<void> {
  const leave = () => attachment.detach()
  socket.on('close', leave).on('error', leave)
  const reading = readFrames(socket, async ({ kind, payload }) => {
    if (kind === frameKind.resize) attachment.resize(sizeOf(payload))
    if (kind === frameKind.input && payload.length > 0 && !attachment.write(payload)) await attachment.drain()
  }).finally(leave)
  for await (const event of attachment.events) {
    const sent =
      event.kind === 'exit'
        ? encodeFrame(frameKind.exit, exitText(event.exitCode))
        : encodeFrame(event.kind === 'snapshot' ? frameKind.snapshot : frameKind.output, event.data)
    await send(socket, sent)
  }
  socket.end()
  await reading
}

/** Frames to and from a command; it ends when its caller goes away. */
export async function serveExec(socket: Duplex, session: ExecSession): Promise<void> {
  const leave = () => session.kill()
  socket.on('close', leave).on('error', leave)
  void readFrames(socket, async ({ kind, payload }) => {
    if (kind === frameKind.resize) session.resize(sizeOf(payload))
    if (kind === frameKind.signal) session.signal(signalOf(payload))
    if (kind === frameKind.input && payload.length === 0) session.end()
    else if (kind === frameKind.input && !session.write(payload)) await session.drain()
  })
  const copies = Promise.all([
    copy(session.stdout, socket, frameKind.output),
    copy(session.stderr, socket, frameKind.error),
  ])
  const { exitCode } = await session.exited
  await copies
  await send(socket, encodeFrame(frameKind.exit, exitText(exitCode)))
  socket.off('close', leave).end()
}

async function readFrames(socket: Duplex, handle: (frame: Frame) => Promise<void>): Promise<void> {
  const reader = new FrameReader()
  try {
    // Awaiting each frame stops reading while the program does not take its input.
    for await (const chunk of socket.iterator({ destroyOnReturn: false }))
      for (const frame of reader.push(chunk as Buffer)) await handle(frame)
  } catch (error) {
    socket.destroy(error instanceof RangeError || error instanceof SyntaxError ? error : undefined)
  }
}

async function copy(from: Readable, socket: Duplex, kind: FrameKind): Promise<void> {
  for await (const chunk of from) await send(socket, encodeFrame(kind, chunk as Buffer))
}

async function send(socket: Duplex, frame: Buffer): Promise<void> {
  if (!socket.destroyed && !socket.write(frame)) await drained(socket)
}

const exitText = (exitCode: number | null) => JSON.stringify({ exitCode, signal: null })

function sizeOf(payload: Buffer): Size {
  const { cols, rows } = JSON.parse(payload.toString()) as Partial<Size>
  return { cols: Number(cols), rows: Number(rows) }
}

const signals = ['SIGINT', 'SIGTERM', 'SIGKILL', 'SIGHUP'] as const

function signalOf(payload: Buffer): (typeof signals)[number] {
  const { signal } = JSON.parse(payload.toString()) as { signal?: string }
  return signals.find((each) => each === signal) ?? 'SIGTERM'
}
