import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { writeDurably } from './durable-file.ts'

/** How the last start of a platform went, for whoever asked for it from elsewhere. */
export type Outcome = { at: number; url: string } | { at: number; failure: string }

/** `$M3O_HOME/run/outcome.json`; absent while it starts, and while nothing runs. Times are epoch ms. */
const pathOf = (home: string): string => join(home, 'run/outcome.json')

export function writeOutcome(home: string, outcome: { url: string } | { failure: string }): void {
  writeDurably(pathOf(home), `${JSON.stringify({ at: Date.now(), ...outcome } satisfies Outcome)}\n`)
}

export function removeOutcome(home: string): void {
  rmSync(pathOf(home), { force: true })
}

export function readOutcome(home: string): Outcome | undefined {
  try {
    return JSON.parse(readFileSync(pathOf(home), 'utf8')) as Outcome
  } catch {
    return undefined
  }
}
