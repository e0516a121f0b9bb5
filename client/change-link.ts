import { TRPCClientError, type TRPCLink } from '@trpc/client'
import { observable } from '@trpc/server/observable'
import { PlatformError } from '#contract/errors.ts'
import type { AppRouter } from '#server/router.ts'

/** Nothing that changes something is sent later by itself, so a person who is offline is told at once. */
export const notSent = () =>
  new PlatformError('unavailable', 'not sent: this browser is offline', {
    fix: 'Connect, then try again. It will not be sent later.',
  })
/** The request may have arrived: only looking tells. */
const unanswered = () =>
  new PlatformError('unavailable', 'the connection was lost before the console responded', {
    fix: 'Check whether the change was made before you try again. It will not be sent again.',
  })

/** A change is sent at most once, while the browser is online, and fails as soon as the network is gone. */
export const sendOnce: TRPCLink<AppRouter> =
  () =>
  ({ op, next }) => {
    if (op.type !== 'mutation' || typeof window === 'undefined') return next(op)
    return observable((observer) => {
      if (!navigator.onLine) {
        observer.error(TRPCClientError.from(notSent()))
        return undefined
      }
      const fail = () => observer.error(TRPCClientError.from(unanswered()))
      const sending = next(op).subscribe({
        next: (value) => observer.next(value),
        // Without a body of ours, nobody of ours responded.
        error: (error) =>
          (error.data as { m3o?: unknown } | null | undefined)?.m3o === undefined && op.signal?.aborted !== true
            ? fail()
            : observer.error(error),
        complete: () => observer.complete(),
      })
      window.addEventListener('offline', fail)
      return () => {
        window.removeEventListener('offline', fail)
        sending.unsubscribe()
      }
    })
  }
