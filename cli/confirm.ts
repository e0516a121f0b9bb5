import { createInterface } from 'node:readline/promises'
import { PlatformError } from '#contract/errors.ts'
import type { Session } from './session.ts'

/** What cannot be undone is confirmed by typing its name; programs say `--yes`. */
export async function confirm(session: Session, name: string, yes: boolean): Promise<void> {
  if (yes || session.json || !process.stdin.isTTY) {
    if (yes || !process.stdin.isTTY) return
    throw new PlatformError('bad_request', `deleting ${name} needs --yes`, { fix: 'Add --yes.' })
  }
  const ask = createInterface({ input: process.stdin, output: process.stderr })
  const typed = await ask.question(`This cannot be undone. Type ${name} to delete it: `).finally(() => ask.close())
  if (typed.trim() !== name) throw new PlatformError('cancelled', 'nothing was deleted')
}

/** What can be taken back is agreed to with a letter; programs are not asked. */
export async function agree(session: Session, question: string, yes: boolean): Promise<void> {
  if (yes || session.json || !process.stdin.isTTY) return
  const ask = createInterface({ input: process.stdin, output: process.stderr })
  const typed = await ask.question(`${question} [y/N] `).finally(() => ask.close())
  if (!/^y(es)?$/i.test(typed.trim())) throw new PlatformError('cancelled', 'nothing was changed')
}
