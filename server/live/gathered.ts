import { roughSize } from './rough-size.ts'
import type { Sink } from './subscription.ts'

/** Items that may wait for the subscriber before the source is stopped. */
const most = 2_000
const mostBytes = 1 << 20

/**
 * Passes items on a batch at a time, as the subscriber takes them. What comes while one is under way goes together with
 * the next: a subscriber that takes a moment for each would otherwise fall further and further behind, the rest of it
 * standing in the buffers of every connection before.
 * @returns takes items; resolves when there is room for more, and rejects once the subscriber disconnected
 */
export function gathered(sink: Pick<Sink, 'items'>): (items: readonly unknown[]) => Promise<void> {
  let waiting: unknown[] = []
  let bytes = 0
  let sending: Promise<void> | undefined
  let failure: { error: unknown } | undefined
  async function send(): Promise<void> {
    try {
      while (waiting.length > 0) {
        const items = waiting
        waiting = []
        bytes = 0
        await sink.items(items)
      }
    } catch (error) {
      failure = { error }
    } finally {
      sending = undefined
    }
  }
  return async (items) => {
    waiting = waiting.concat(items)
    bytes += roughSize(items)
    // With nothing to send, `send` is through before its promise is kept here, and nothing would ever be sent again.
    if (waiting.length > 0) sending ??= send()
    if (waiting.length >= most || bytes >= mostBytes) await sending
    if (failure !== undefined) throw failure.error
  }
}
