import type { Environment } from '#contract/records.ts'
import { protectionDocument } from './commands/protection.ts'

/** An environment as `--json` gives it. */
export const document = ({ name, kind, owner, parent, generation, overrides, expires, usedAt, branch, pinned, protection }: Environment) => ({
  name, kind, owner: owner?.email ?? null, parent, generation,
  overrides: overrides.map(({ service, revision }) => ({ service, revision })),
  expires: isoTime(expires), usedAt: isoTime(usedAt), branch,
  pinned: pinned !== null, protection: protectionDocument(protection),
})

export const isoTime = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString())
