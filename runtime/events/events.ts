import { EventEmitter, on } from 'node:events'
import type { PlatformEvent } from '#contract/records.ts'

/** What changed on the platform, as it happens. Nobody depends on having seen one: whoever reconnects reads anew. */
export class Events {
  readonly #emitter = new EventEmitter().setMaxListeners(0)

  emit(event: PlatformEvent): void {
    this.#emitter.emit('event', event)
  }

  listen(listener: (event: PlatformEvent) => void): () => void {
    this.#emitter.on('event', listener)
    return () => this.#emitter.off('event', listener)
  }

  /** Until the signal; the watermarks keep a slow reader from being buffered without end. */
  async *watch(signal: AbortSignal): AsyncGenerator<PlatformEvent> {
    try {
      for await (const [event] of on(this.#emitter, 'event', { signal })) yield event as PlatformEvent
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }
}
