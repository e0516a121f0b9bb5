import type { Person } from '#contract/records.ts'
import type { Actor } from '#contract/rpc.ts'
import type { users } from '#db/schema.ts'

type Row = Pick<typeof users.$inferSelect, 'id' | 'name' | 'email' | 'emailVerifiedAt'>

/** As people are shown somebody, with a mark while nothing has proved that the address is theirs. */
export const personOf = ({ id, name, email, emailVerifiedAt }: Row): Person => ({
  id,
  name,
  email,
  ...(emailVerifiedAt === null && { unconfirmed: true as const }),
})

/** What programs may rely on: the address once it is confirmed, else null. */
export const confirmedEmail = ({ email, emailVerifiedAt }: Pick<Row, 'email' | 'emailVerifiedAt'>): string | null =>
  emailVerifiedAt === null ? null : email

/** Author of a commit; of nobody, the platform. Readers of git take an address as true, so a made-up one stands for one that is not confirmed. */
export const authorOf = (row: Row | undefined): { name: string; email: string } =>
  row === undefined
    ? { name: 'M3O', email: 'platform@m3o.invalid' }
    : { name: row.name, email: confirmedEmail(row) ?? madeUp(row.id) }

/** The same for who pushes. A machine has no address: its name stands there. */
export const pusherOf = ({ id, name, unconfirmed, tokenId }: Actor): { id: string; name: string; email: string } => ({
  id,
  name,
  email: unconfirmed || id === tokenId ? madeUp(id) : name,
})

/** `.invalid` is nobody's domain (RFC 2606). */
const madeUp = (id: string): string => `${id}@unconfirmed.invalid`
