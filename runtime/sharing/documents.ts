import { and, eq, isNull, ne, or, sql } from 'drizzle-orm'
import type { Db } from '#db/open.ts'
import { documents, environments, releases, services } from '#db/schema.ts'
import type { Platform } from '../platform.ts'
import { isSharedWith } from '../services/shared.ts'
import { docsOf } from './docs.ts'

/** Of one service; what is longer is searched as far as that. */
const mostText = 200_000
const mostFound = 200
const mostExcerpts = 20

/**
 * The words of what services' repositories say of them, for the search: of the revision that serves in production. It is made
 * of the source, so nothing is lost when it is behind: a start looks for what is missing.
 */
export class Documents {
  readonly #platform: Platform
  #queue: Promise<void> = Promise.resolve()

  constructor(platform: Platform) {
    this.#platform = platform
  }

  /** Reads anew what has changed since it was last read; in the background, one after the other. */
  follow(signal: AbortSignal): void {
    const { events, routing } = this.#platform
    const stop = events.listen((event) => {
      if (
        event.type !== 'deployment' ||
        event.deployment.state !== 'live' ||
        routing.table.environments[event.deployment.environmentId]?.parentId !== null
      )
        return
      this.#later(event.deployment.serviceId, event.deployment.commit)
    })
    signal.addEventListener('abort', stop, { once: true })
    void this.#behind().then(
      (all) => {
        for (const { serviceId, commit } of all) this.#later(serviceId, commit)
      },
      (error: unknown) => this.#platform.log.warn({ err: error }, 'the documents could not be looked for'),
    )
  }

  /** Once all that is known of now has been read. */
  settled(): Promise<void> {
    return this.#queue
  }

  #later(serviceId: string, commit: string): void {
    this.#queue = this.#queue
      .then(() => this.#read(serviceId, commit))
      .catch((error: unknown) =>
        this.#platform.log.warn({ err: error, service: serviceId }, 'its documents could not be read'),
      )
  }

  async #read(serviceId: string, commit: string): Promise<void> {
    const { db } = this.#platform
    const [known] = await db
      .select({ commit: documents.commit })
      .from(documents)
      .where(eq(documents.serviceId, serviceId))
    if (known?.commit === commit) return
    const docs = await docsOf(this.#platform, serviceId, commit)
    // Postgres keeps no NUL; words longer than it takes are no words.
    const text = docs
      .map(({ path, text: said }) => `${path}\n${said ?? ''}`)
      .join('\n\n')
      .slice(0, 2 * mostText)
      .replaceAll('\0', ' ')
      .replace(/\S+/g, (word) => (word.length < 1_000 ? word : ' '))
      .slice(0, mostText)
    await db
      .insert(documents)
      .values({ serviceId, commit, text })
      .onConflictDoUpdate({ target: documents.serviceId, set: { commit, text } })
    await indexWords(db)
  }

  #behind() {
    return this.#platform.db
      .select({ serviceId: releases.serviceId, commit: releases.commit })
      .from(releases)
      .innerJoin(
        environments,
        and(eq(environments.id, releases.environmentId), isNull(environments.parentId), isNull(environments.deletedAt)),
      )
      .innerJoin(services, and(eq(services.id, releases.serviceId), isNull(services.deletedAt)))
      .leftJoin(documents, eq(documents.serviceId, releases.serviceId))
      .where(or(isNull(documents.commit), ne(documents.commit, releases.commit)))
  }
}

/** Postgres puts new words on a list beside the index, which every search reads to its end, up to 4 MB: it goes into the index at once. */
export async function indexWords(db: Db): Promise<void> {
  await db.execute(sql`select gin_clean_pending_list('documents_words')`)
}

/** Services that the team may see whose documents hold all the words, each perhaps only begun; with a piece of the text for the first ones. */
export async function searchDocuments(
  { db }: Platform,
  teamId: string,
  query: string,
): Promise<{ serviceId: string; excerpt: string | null }[]> {
  const words =
    query
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu)
      ?.slice(0, 12) ?? []
  if (words.length === 0) return []
  const wanted = sql`to_tsquery('simple', ${words.map((word) => `${word}:*`).join(' & ')})`
  // What nearly all of them say is no way to tell them apart: only so many are looked at more closely.
  const some = db.$with('some').as(
    db
      .select({ serviceId: documents.serviceId })
      .from(documents)
      .innerJoin(services, eq(services.id, documents.serviceId))
      .where(
        and(
          sql`${documents.words} @@ ${wanted}`,
          isNull(services.deletedAt),
          or(eq(services.teamId, teamId), isSharedWith(teamId)),
        ),
      )
      .limit(mostFound),
  )
  const found = db.$with('found').as(
    db
      .select({
        serviceId: documents.serviceId,
        rank: sql<number>`ts_rank(${documents.words}, ${wanted})`.as('rank'),
        text: documents.text,
      })
      .from(documents)
      .innerJoin(some, eq(some.serviceId, documents.serviceId)),
  )
  const rows = await db
    .with(some, found)
    .select({
      serviceId: found.serviceId,
      excerpt: sql<
        string | null
      >`case when row_number() over (order by ${found.rank} desc, ${found.serviceId}) <= ${mostExcerpts} then ts_headline('simple', left(${found.text}, 20000), ${wanted}, 'StartSel="", StopSel="", MaxFragments=1, MaxWords=16, MinWords=6') end`,
    })
    .from(found)
    .orderBy(sql`${found.rank} desc`, found.serviceId)
  return rows.map(({ serviceId, excerpt }) => ({
    serviceId,
    excerpt: excerpt === null ? null : excerpt.replace(/\s+/g, ' ').trim(),
  }))
}
