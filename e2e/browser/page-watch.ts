import { type BrowserContext, expect } from '@playwright/test'

export interface PageWatch {
  add: (context: BrowserContext) => void
  /** For a test that itself causes it: complaints that match are no failure. */
  expectComplaint: (match: RegExp) => void
  assertQuiet: () => void
}

/** Collects what pages' consoles report as errors (CSP violations come as such), and exceptions that nobody caught. */
export function watchPages(): PageWatch {
  const complaints: string[] = []
  const expected: RegExp[] = []
  return {
    add(context) {
      context.on('console', (message) => {
        if (message.type() === 'error')
          complaints.push(`${message.text()} (${message.location().url}) on ${message.page()?.url() ?? ''}`)
      })
      context.on('weberror', (error) => complaints.push(error.error().stack ?? String(error.error())))
    },
    expectComplaint: (match) => void expected.push(match),
    assertQuiet() {
      expect(
        complaints.filter((text) => !expected.some((match) => match.test(text))),
        'errors in the browser’s console',
      ).toEqual([])
    },
  }
}
