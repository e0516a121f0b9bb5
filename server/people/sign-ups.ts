import { and, eq, gt, isNull, sql } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import { type SignUp, signUpFact, signUpOf } from '#contract/people.ts'
import type { Db } from '#db/open.ts'
import { invitations, platform, teams } from '#db/schema.ts'

/** Who may get an account, as operators chose (the runtime keeps it). */
export class SignUps {
  readonly #db: Db

  constructor(db: Db) {
    this.#db = db
  }

  async setting(): Promise<SignUp> {
    const [kept] = await this.#db.select().from(platform).where(eq(platform.key, signUpFact))
    return signUpOf(kept?.value)
  }

  /** With an invitation in hand. @throws PlatformError `forbidden` when nobody may get an account */
  async requireNotClosed(): Promise<void> {
    if ((await this.setting()) === 'closed') throw closed()
  }

  /** Without one. @throws PlatformError `forbidden` */
  async requireOpen(): Promise<void> {
    const setting = await this.setting()
    if (setting === 'closed') throw closed()
    if (setting === 'invitation')
      throw new PlatformError('forbidden', 'sign-up is by invitation', {
        fix: 'Ask a team admin to invite you, and open the link in the invitation.',
      })
  }

  /** Whether somebody who comes through a provider may get an account by the address that it vouches for. */
  async mayJoin(email: string): Promise<boolean> {
    const setting = await this.setting()
    return setting === 'open' || (setting === 'invitation' && (await this.#isInvited(email)))
  }

  async #isInvited(email: string): Promise<boolean> {
    const [found] = await this.#db
      .select({ id: invitations.id })
      .from(invitations)
      .innerJoin(teams, eq(teams.id, invitations.teamId))
      .where(
        and(
          sql`lower(${invitations.email}) = ${email.trim().toLowerCase()}`,
          isNull(invitations.acceptedAt),
          isNull(invitations.revokedAt),
          gt(invitations.expiresAt, Date.now()),
          isNull(teams.deletedAt),
        ),
      )
      .limit(1)
    return found !== undefined
  }
}

const closed = () =>
  new PlatformError('forbidden', 'sign-up is closed on this platform', {
    fix: 'Ask an operator to open sign-up.',
  })
