import type { Writable } from 'node:stream'

/**
 * Resolves when a stream whose `write` returned false has room again, or was closed. No listener stays behind, unlike with
 * a race of `once(stream, 'drain')` and `once(stream, 'close')`.
 * @returns false when the stream was closed, or took nothing for `patienceMs`
 */
export function drained(stream: Writable, patienceMs?: number): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (isThere: boolean) => {
      clearTimeout(timer)
      stream.off('drain', onDrain).off('close', onGone).off('error', onGone)
      resolve(isThere)
    }
    const onDrain = () => settle(true)
    const onGone = () => settle(false)
    const timer = patienceMs === undefined ? undefined : setTimeout(onGone, patienceMs)
    stream.on('drain', onDrain).on('close', onGone).on('error', onGone)
    if (stream.destroyed || !stream.writable) settle(false)
    else if (!stream.writableNeedDrain) settle(true)
  })
}
