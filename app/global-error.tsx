'use client'
import '#styles/console.css'
import { buttonStyle } from '#components/ui/button-style.ts'
import type { ScreenErrorProps } from '#components/frame/screen-error.tsx'

/** When the root layout itself failed: nothing else is there to lean on. */
export default function GlobalError({ error, reset }: ScreenErrorProps) {
  return (
    <html lang="en">
      <body>
        <main role="alert" className="mx-auto max-w-md px-6 py-24">
          <h1 className="text-title font-semibold">The console could not be shown.</h1>
          <p className="mt-1 text-muted">
            Try again in a moment.{' '}
            {error.digest !== undefined && (
              <>
                If the error remains, give this id to the operator: <code>{error.digest}</code>
              </>
            )}
          </p>
          <button type="button" className={buttonStyle('plain', 'normal', 'mt-4')} onClick={reset}>
            Try again
          </button>
        </main>
      </body>
    </html>
  )
}
