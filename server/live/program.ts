import type { Duplex } from 'node:stream'
import { drained } from '#contract/drained.ts'
import { PlatformError } from '#contract/errors.ts'
import { encodeFrame, frameKind, FrameReader } from '#contract/frames.ts'
import type { LiveBytesKind } from '#contract/live.ts'
import type { Inlet, Sink } from './subscription.ts'

/** Of input that the program has not taken; beyond, what is said besides is dropped. */
const mostUntaken = 2 << 20

export interface Exit {
  exitCode: number | null
  signal: string | null
}

const kinds: Partial<Record<number, LiveBytesKind>> = {
  [frameKind.output]: 'output',
  [frameKind.error]: 'error',
  [frameKind.snapshot]: 'snapshot',
}

/**
 * Passes a program's output on, frame by frame as the reader takes it: who does not read stops the program, by way of
 * the socket's own back pressure. Resolves with how it ended.
 * @throws PlatformError `unavailable` when the connection ended before the program did
 */
export async function passOn(program: Duplex, sink: Pick<Sink, 'bytes'>): Promise<Exit> {
  const frames = new FrameReader()
  try {
    for await (const chunk of program) {
      for (const { kind, payload } of frames.push(chunk as Buffer)) {
        const named = kinds[kind]
        if (named !== undefined) await sink.bytes(named, payload)
        if (kind === frameKind.exit) return JSON.parse(payload.toString()) as Exit
      }
    }
  } catch (cause) {
    throw new PlatformError('unavailable', 'the connection to the program was interrupted', {}, { cause })
  } finally {
    program.destroy()
  }
  throw new PlatformError('unavailable', 'the connection to the program was interrupted')
}

/** What the subscriber sends, to the program that is there at the moment. */
export function inletOf(current: () => Duplex | undefined): Required<Omit<Inlet, 'say'>> {
  const send = (kind: Parameters<typeof encodeFrame>[0], payload: Uint8Array | string) => {
    const program = current()
    return program === undefined || !program.writable || program.write(encodeFrame(kind, payload)) ? undefined : program
  }
  const tell = (kind: Parameters<typeof encodeFrame>[0], value: object) => {
    if ((current()?.writableLength ?? 0) < mostUntaken) send(kind, JSON.stringify(value))
  }
  return {
    async write(bytes) {
      const full = send(frameKind.input, bytes)
      // The client writes on after this returned, so a program that does not read holds its writer back.
      if (full !== undefined) await drained(full)
    },
    resize: (size) => tell(frameKind.resize, size),
    signal: (name) => tell(frameKind.signal, { signal: name }),
  }
}
