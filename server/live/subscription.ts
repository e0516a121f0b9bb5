import type { z } from 'zod'
import { isPlatformError, PlatformError } from '#contract/errors.ts'
import type { LiveBytesKind, LiveTopic, liveTopics, SignalName, TerminalSize } from '#contract/live.ts'
import type { Viewer, Web } from '../web.ts'
import type { PlatformEvents } from './events.ts'
import type { PresenceRooms } from './presence.ts'

/** What a subscriber asks for. */
export type Input<T extends LiveTopic> = z.output<(typeof liveTopics)[T]['input']>

/** Towards one subscriber. Each resolves when the client has taken it, and rejects when it is gone. */
export interface Sink {
  items(items: unknown[]): Promise<void>
  bytes(kind: LiveBytesKind, bytes: Uint8Array): Promise<void>
  /** Events were dropped: fetch again. */
  resync(): void
}

/** What a subscriber may send, of the topics that take something. */
export interface Inlet {
  write?(bytes: Uint8Array): Promise<void>
  resize?(size: TerminalSize): void
  signal?(name: SignalName): void
  say?(value: { path: string | null; editing: boolean }): void
}

export interface Place {
  web: Web
  events: PlatformEvents
  presence: PresenceRooms
  viewer: Viewer
  /** Id of the socket, which tells two tabs apart. */
  socketId: string
  sink: Sink
  /** Aborted when the subscription ends, for whatever reason. */
  signal: AbortSignal
}

/** An open subscription: `done` settles when nothing more will come. */
export interface Running extends Inlet {
  done: Promise<void>
}

/**
 * Follows a stream of the runtime for as long as the subscriber is there, also when the runtime is away for a while.
 * @param open called again after each interruption
 */
export async function outliving(signal: AbortSignal, open: () => Promise<void>): Promise<void> {
  for (let wait = 100; ; wait = Math.min(wait * 2, 2_000)) {
    const began = performance.now()
    try {
      return await open()
    } catch (error) {
      if (signal.aborted) return
      if (!isPlatformError(error) || error.code !== 'unavailable') throw error
    }
    if (performance.now() - began > 5_000) wait = 100
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, wait)
      signal.addEventListener(
        'abort',
        () => {
          clearTimeout(timer)
          resolve()
        },
        { once: true },
      )
    })
    if (signal.aborted) return
  }
}

export const gone = () => new PlatformError('cancelled', 'the subscriber disconnected')
