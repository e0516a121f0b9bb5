import type { Environment } from '#contract/records.ts'
import { protectionDocument } from './commands/protection.ts'

/** An environment as `--json` gives it; what few have is there only where it is so. */
export const document = ({
  name,
  kind,
  owner,
  parent,
  generation,
  overrides,
  expires,
  branch,
  pinned,
  protection,
}: Environment) => ({
  name,
  kind,
  owner: owner?.email ?? null,
  parent,
  generation,
  overrides: overrides.map(({ service, revision }) => ({ service, revision })),
  expires: isoTime(expires),
  ...(branch !== null && { branch }),
  ...(pinned !== null && { pinned: true }),
  ...(protection !== null && { protection: protectionDocument(protection) }),
})

export const isoTime = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString())
