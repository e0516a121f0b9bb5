import { sql } from 'drizzle-orm'
import {
  bigint,
  bigserial,
  boolean,
  doublePrecision,
  index,
  integer,
  json,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core'
import type { EndpointChange } from '#contract/compatibility.ts'
import type { Audience, TokenScope } from '#contract/routing.ts'
import type { Role } from '#contract/permissions.ts'
import type { DeploymentState, Phase, PhasePart, PromotionState } from '#contract/states.ts'
import type { Endpoint } from '#contract/endpoints.ts'
import type { ServiceSettings } from '#contract/records.ts'
import type { ConsumerState, NewsKind, Readable } from '#contract/sharing.ts'
import type { ErrorBody } from '#contract/errors.ts'
import type { CodeKind, MessageKind } from '#contract/people.ts'
import type { Actor } from '#contract/rpc.ts'
import type { Egress } from '#contract/egress.ts'
import type { PromotedContent, PromotionItem } from '#contract/promotions.ts'
import type { Protection } from '#contract/protection.ts'
import { bytes, time, tsvector } from './columns.ts'

/*
 * The one schema. `web` writes the sign-in tables, the runtime all others. Ids are immutable (contract/ids.ts); names
 * may change, and a former one keeps leading to its owner until somebody else takes it.
 */

// Sign-in tables

export const users = pgTable(
  'users',
  {
    id: text().primaryKey(),
    email: text().notNull(),
    /** When a message to the address, a provider or an operator proved that it is theirs; null: nothing has, and services are not told of it. */
    emailVerifiedAt: time(),
    name: text().notNull(),
    /** argon2id; null for people who come through a provider. */
    passwordHash: text(),
    operator: boolean().notNull().default(false),
    createdAt: time().notNull(),
  },
  (t) => [uniqueIndex('users_email').on(sql`lower(${t.email})`)],
)

export const sessions = pgTable(
  'sessions',
  {
    id: text().primaryKey(),
    userId: text()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    createdAt: time().notNull(),
    seenAt: time().notNull(),
    expiresAt: time().notNull(),
    endedAt: time(),
    /** When its person last proved to be there: what changes how one signs in needs it to be recent. */
    confirmedAt: time(),
    /** By what it began: `password`, `password, code`, `passkey`, `link`, a provider's name. */
    method: text().notNull().default('password'),
    userAgent: text().notNull().default(''),
    address: text().notNull().default(''),
  },
  (t) => [index('sessions_user').on(t.userId)],
)

/** With which a person signs in at somebody else's. */
export const linkedAccounts = pgTable(
  'linked_accounts',
  {
    /** The provider and its issuer, as subjects are unique only there. */
    provider: text().notNull(),
    subject: text().notNull(),
    userId: text()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    /** As the provider last said; shown only. */
    email: text().notNull(),
    createdAt: time().notNull(),
    usedAt: time().notNull(),
  },
  (t) => [primaryKey({ columns: [t.provider, t.subject] }), index('linked_accounts_user').on(t.userId)],
)

/** What is worth something once and for a while; taking one deletes it. */
export const codes = pgTable(
  'codes',
  {
    /** sha256 in hex, of 192 random bits. */
    hash: text().primaryKey(),
    kind: text().$type<CodeKind>().notNull(),
    userId: text().references(() => users.id, { onDelete: 'cascade' }),
    email: text(),
    data: jsonb().$type<Record<string, string>>().notNull().default({}),
    createdAt: time().notNull(),
    expiresAt: time().notNull(),
  },
  (t) => [index('codes_expiry').on(t.expiresAt)],
)

/** Messages to people until they are sent or, without a mail server, until an operator has passed their link on. */
export const messages = pgTable(
  'messages',
  {
    id: text().primaryKey(),
    kind: text().$type<MessageKind>().notNull(),
    email: text().notNull(),
    /** Holds no code: those are made when it is sent or shown. */
    data: jsonb().$type<Record<string, string>>().notNull().default({}),
    createdAt: time().notNull(),
    expiresAt: time().notNull(),
    attempts: integer().notNull().default(0),
    nextAt: time().notNull(),
    error: text(),
  },
  (t) => [index('messages_due').on(t.nextAt)],
)

/** The authenticator app of a person (RFC 6238). */
export const totps = pgTable('totps', {
  userId: text()
    .primaryKey()
    .references(() => users.id, { onDelete: 'cascade' }),
  /** Sealed (server/people/seal.ts). */
  secret: text().notNull(),
  /** Null until a first code was right. */
  confirmedAt: time(),
  /** Step of the last code that was taken: none is taken twice. */
  lastStep: bigint({ mode: 'number' }).notNull().default(0),
  createdAt: time().notNull(),
})

/** For who has lost their second factor; each works once. */
export const recoveryCodes = pgTable(
  'recovery_codes',
  {
    hash: text().primaryKey(),
    userId: text()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
  },
  (t) => [index('recovery_codes_user').on(t.userId)],
)

export const passkeys = pgTable(
  'passkeys',
  {
    /** The credential's id, base64url. */
    id: text().primaryKey(),
    userId: text()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    name: text().notNull(),
    /** COSE, base64url. */
    publicKey: text().notNull(),
    counter: bigint({ mode: 'number' }).notNull(),
    transports: jsonb().$type<string[]>().notNull(),
    createdAt: time().notNull(),
    usedAt: time(),
  },
  (t) => [index('passkeys_user').on(t.userId)],
)

/** What people changed of how they sign in, in the transaction that changed it; the runtime takes each up into the audit. */
export const personalChanges = pgTable('personal_changes', {
  seq: bigserial({ mode: 'number' }).primaryKey(),
  actor: jsonb().$type<Actor>().notNull(),
  action: text().notNull(),
  target: text().notNull(),
  before: jsonb(),
  after: jsonb(),
})

// Teams and people

export const teams = pgTable(
  'teams',
  {
    id: text().primaryKey(),
    name: text().notNull(),
    /** Null: everywhere that the operator allows. */
    egress: jsonb().$type<Egress>(),
    createdAt: time().notNull(),
    deletedAt: time(),
  },
  (t) => [
    uniqueIndex('teams_name')
      .on(t.name)
      .where(sql`${t.deletedAt} is null`),
  ],
)

export const formerNames = pgTable(
  'former_names',
  {
    kind: text().$type<'team' | 'environment' | 'service'>().notNull(),
    /** Team of an environment or service; the empty string for teams. */
    scope: text().notNull(),
    name: text().notNull(),
    id: text().notNull(),
    at: time().notNull(),
  },
  (t) => [primaryKey({ columns: [t.kind, t.scope, t.name] })],
)

export const members = pgTable(
  'members',
  {
    teamId: text()
      .notNull()
      .references(() => teams.id),
    userId: text()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    role: text().$type<Role>().notNull(),
    createdAt: time().notNull(),
  },
  (t) => [primaryKey({ columns: [t.teamId, t.userId] }), index('members_user').on(t.userId)],
)

export const invitations = pgTable('invitations', {
  id: text().primaryKey(),
  teamId: text()
    .notNull()
    .references(() => teams.id),
  email: text().notNull(),
  role: text().$type<Role>().notNull(),
  secretHash: text().notNull().unique(),
  byUserId: text(),
  createdAt: time().notNull(),
  expiresAt: time().notNull(),
  acceptedAt: time(),
  revokedAt: time(),
})

export const tokens = pgTable(
  'tokens',
  {
    id: text().primaryKey(),
    teamId: text()
      .notNull()
      .references(() => teams.id),
    /** Whose it is; null for a machine's, which is the team's. */
    userId: text().references(() => users.id, { onDelete: 'cascade' }),
    /** What a machine is in its team; null for a person's, who has a role of their own. */
    role: text().$type<Role>(),
    /** Who made a machine's. */
    byName: text(),
    name: text().notNull(),
    /** sha256 of the token, in hex; 160 random bits need no slow hash. */
    hash: text().notNull().unique(),
    scope: jsonb().$type<TokenScope>().notNull(),
    environmentId: text(),
    createdAt: time().notNull(),
    expiresAt: time(),
    lastUsedAt: time(),
    revokedAt: time(),
  },
  (t) => [index('tokens_team').on(t.teamId)],
)

// Services and environments

export const services = pgTable(
  'services',
  {
    id: text().primaryKey(),
    teamId: text()
      .notNull()
      .references(() => teams.id),
    name: text().notNull(),
    ownerId: text(),
    /** What the console says; a README's first paragraph stands in when empty. */
    description: text().notNull().default(''),
    audience: jsonb().$type<Audience>().notNull(),
    /** What people chose last where the live revision's m3o.json may say something else; `at`: milliseconds since the epoch. */
    choices: jsonb()
      .$type<{ audience?: { value: Audience; at: number }; ownerId?: { value: string | null; at: number } }>()
      .notNull()
      .default({}),
    /** How to reach whoever is on call for it: an address, a channel, a number. */
    contact: text().notNull().default(''),
    tags: jsonb().$type<string[]>().notNull().default([]),
    /** Who besides its team may read and fork its source. */
    readable: text().$type<Readable>().notNull().default('team'),
    /** Other teams of the audience call it once they are approved. */
    approval: boolean().notNull().default(false),
    /** Calls a minute of each other team; null: as many as they like. */
    perMinute: integer(),
    /** `at`, `sunset`: milliseconds since the epoch. */
    deprecation: jsonb().$type<{ message: string; at: number; sunset: number | null; replacementId: string | null }>(),
    forkedFrom: jsonb().$type<{ serviceId: string; commit: string }>(),
    createdAt: time().notNull(),
    deletedAt: time(),
  },
  (t) => [
    uniqueIndex('services_name')
      .on(t.teamId, t.name)
      .where(sql`${t.deletedAt} is null`),
  ],
)

export const environments = pgTable(
  'environments',
  {
    id: text().primaryKey(),
    teamId: text()
      .notNull()
      .references(() => teams.id),
    name: text().notNull(),
    kind: text().$type<'production' | 'shared' | 'personal' | 'preview'>().notNull(),
    parentId: text(),
    ownerId: text(),
    /** Of a personal one: ids of people whom its owner lets work in it. */
    letIn: jsonb().$type<string[]>().notNull().default([]),
    /** Of the repositories of its team: the pushes that a preview shows. Null: what its name and kind say. */
    branch: text(),
    /** Keeps what it inherits as it was, when its parents move on. */
    pinned: boolean().notNull().default(false),
    /** Null: every developer of the team may do everything in it. */
    protection: jsonb().$type<Protection>(),
    /** Counts the changes of its overrides. */
    generation: integer().notNull().default(0),
    createdAt: time().notNull(),
    expiresAt: time(),
    /** Its overrides stay for a day, so that it can come back. */
    deletedAt: time(),
    /** It was not deleted by a person: its time was over. */
    expired: boolean().notNull().default(false),
  },
  (t) => [
    uniqueIndex('environments_name')
      .on(t.teamId, t.name)
      .where(sql`${t.deletedAt} is null`),
  ],
)

/** Another team that may, or asks to, call a service that wants to be asked; or that has a limit of its own there. */
export const consumers = pgTable(
  'consumers',
  {
    serviceId: text()
      .notNull()
      .references(() => services.id),
    teamId: text()
      .notNull()
      .references(() => teams.id),
    /** Null: it never asked. */
    state: text().$type<ConsumerState>(),
    /** Why it wants to, in its own words, and what was answered. */
    reason: text().notNull().default(''),
    answer: text().notNull().default(''),
    /** Calls a minute, instead of the service's number for everybody; null: as for everybody. */
    perMinute: integer(),
    askedBy: text().notNull().default(''),
    askedAt: time(),
    decidedBy: text().notNull().default(''),
    decidedAt: time(),
  },
  (t) => [primaryKey({ columns: [t.serviceId, t.teamId] }), index('consumers_team').on(t.teamId)],
)

/** Who really calls what of a service, and when last: kept as long as it is of use to know. */
export const called = pgTable(
  'called',
  {
    serviceId: text().notNull(),
    /** As usage has it: `person`, `person/{team id}`, `service/{id}`, `anyone`. */
    caller: text().notNull(),
    /** Team of the caller; the empty string when nobody knows. */
    teamId: text().notNull(),
    /** The first part of the path: an endpoint's name, or where its path begins. */
    endpoint: text().notNull(),
    requests: bigint({ mode: 'number' }).notNull(),
    lastAt: time().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.serviceId, t.caller, t.teamId, t.endpoint] }),
    index('called_team').on(t.teamId, t.lastAt),
  ],
)

/** A person who wants to know what changes about another team's service. */
export const follows = pgTable(
  'follows',
  {
    userId: text()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    serviceId: text()
      .notNull()
      .references(() => services.id),
    createdAt: time().notNull(),
  },
  (t) => [primaryKey({ columns: [t.userId, t.serviceId] }), index('follows_service').on(t.serviceId)],
)

/** People who agreed that a service of a team that they are not in is told who they are; it holds for as long as the service is that team's. */
export const consents = pgTable(
  'consents',
  {
    userId: text()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    serviceId: text()
      .notNull()
      .references(() => services.id),
    teamId: text()
      .notNull()
      .references(() => teams.id),
    createdAt: time().notNull(),
  },
  (t) => [primaryKey({ columns: [t.userId, t.serviceId, t.teamId] })],
)

/** What those who use a service should hear of; deployments are told from their own table. */
export const news = pgTable(
  'news',
  {
    seq: bigserial({ mode: 'number' }).primaryKey(),
    serviceId: text()
      .notNull()
      .references(() => services.id),
    at: time().notNull(),
    kind: text().$type<NewsKind>().notNull(),
    text: text().notNull(),
    /** For one team alone; null: for all who use it. */
    teamId: text(),
  },
  (t) => [index('news_service').on(t.serviceId, t.at)],
)

/** Until when somebody has read what changed. */
export const newsSeen = pgTable('news_seen', {
  userId: text()
    .primaryKey()
    .references(() => users.id, { onDelete: 'cascade' }),
  at: time().notNull(),
})

/** The documents of what serves in production, for the search: made of the source, and made again when it is missing. */
export const documents = pgTable(
  'documents',
  {
    serviceId: text()
      .primaryKey()
      .references(() => services.id),
    commit: text().notNull(),
    text: text().notNull(),
    words: tsvector()
      .notNull()
      .generatedAlwaysAs(sql`to_tsvector('simple', "text")`),
  },
  (t) => [index('documents_words').using('gin', t.words)],
)

/** What is known of a commit once it was built or served. */
export const revisions = pgTable(
  'revisions',
  {
    serviceId: text()
      .notNull()
      .references(() => services.id),
    commit: text().notNull(),
    buildId: text(),
    language: text().notNull().default(''),
    description: text().notNull().default(''),
    /** Not jsonb: that would put the properties of schemas into an order of its own. */
    endpoints: json().$type<Endpoint[]>().notNull().default([]),
    createdAt: time().notNull(),
  },
  (t) => [primaryKey({ columns: [t.serviceId, t.commit] })],
)

/** What serves, or should serve, of a service in an environment where it was deployed: an override of the parent. */
export const releases = pgTable(
  'releases',
  {
    environmentId: text()
      .notNull()
      .references(() => environments.id),
    serviceId: text()
      .notNull()
      .references(() => services.id),
    deploymentId: text().notNull(),
    commit: text().notNull(),
    /** What its owner wants: `stopped` after kill. Whether it is awake is in the instances. */
    wanted: text().$type<'live' | 'stopped'>().notNull(),
    /** Why it is parked; null while it is not. */
    crashing: text(),
    updatedAt: time().notNull(),
  },
  (t) => [primaryKey({ columns: [t.environmentId, t.serviceId] }), index('releases_service').on(t.serviceId)],
)

/** Settings of a service in an environment; inherited where there is no row. */
export const settings = pgTable(
  'settings',
  {
    environmentId: text().notNull(),
    serviceId: text().notNull(),
    settings: jsonb().$type<Partial<ServiceSettings>>().notNull(),
  },
  (t) => [primaryKey({ columns: [t.environmentId, t.serviceId] })],
)

export const variables = pgTable(
  'variables',
  {
    serviceId: text()
      .notNull()
      .references(() => services.id),
    environmentId: text().notNull(),
    name: text().notNull(),
    secret: boolean().notNull(),
    /** A secret's is sealed (runtime/variables/seal.ts). Null: deleted here, also when the parent has it. */
    value: text(),
    /** A secret of a protected environment that its children's own copies may have. */
    inheritable: boolean().notNull().default(false),
    byName: text().notNull(),
    updatedAt: time().notNull(),
  },
  (t) => [primaryKey({ columns: [t.serviceId, t.environmentId, t.name] })],
)

// Deployments

export const deployments = pgTable(
  'deployments',
  {
    id: text().primaryKey(),
    teamId: text()
      .notNull()
      .references(() => teams.id),
    serviceId: text()
      .notNull()
      .references(() => services.id),
    environmentId: text()
      .notNull()
      .references(() => environments.id),
    kind: text().$type<'deploy' | 'rollback' | 'restart' | 'scale' | 'promote' | 'pin'>().notNull(),
    route: text().$type<'console' | 'cli' | 'git' | 'platform'>().notNull(),
    state: text().$type<DeploymentState>().notNull(),
    commit: text().notNull(),
    message: text().notNull(),
    /** Who asked for it: a person's id, or `platform`. */
    byId: text().notNull(),
    byName: text().notNull(),
    /** The token that asked for it, whose scope narrows what its m3o.json may change; null: a person in the console. */
    byTokenId: text(),
    buildId: text(),
    /** It keeps data in M3O_DATA: one instance, stopped before its successor starts. */
    keepsData: boolean().notNull().default(false),
    /** Effective variables of that time, sealed, so that a rollback has them again. */
    variables: text(),
    settings: jsonb().$type<ServiceSettings>(),
    locked: jsonb().$type<string[]>().notNull().default([]),
    /** What it took the place of in its own environment when it became live; null: nothing was there. */
    previousId: text(),
    /** What was live for callers of its environment when it began, inherited or not: what its changes are shown against. */
    replacesId: text(),
    /** Of a rollback: the deployment whose revision and variables it brings back. */
    restoresId: text(),
    /** The promotion that it is a part of: they switch together or not at all. */
    promotionId: text(),
    error: jsonb().$type<ErrorBody & { exitCode?: number | null; signal?: string | null; lines?: string[] }>(),
    /** How its endpoints differ from those that served before it; null while they are not known, or for want of any before. */
    endpointChanges: jsonb().$type<EndpointChange[]>(),
    phases: jsonb()
      .$type<{ name: Phase; startedAt: number; ms: number | null; parts?: PhasePart[] }[]>()
      .notNull()
      .default([]),
    /** How often it was resumed after the platform had been killed, or had hung, while it was under way. */
    resumed: integer().notNull().default(0),
    createdAt: time().notNull(),
    liveAt: time(),
    endedAt: time(),
    watchedUntil: time(),
  },
  (t) => [
    index('deployments_place').on(t.serviceId, t.environmentId, t.id),
    index('deployments_team').on(t.teamId, t.id),
    index('deployments_under_way')
      .on(t.state)
      .where(sql`${t.endedAt} is null`),
  ],
)

/** Revisions that move together from an environment to its parent, or, undone, what served before them. */
export const promotions = pgTable(
  'promotions',
  {
    id: text().primaryKey(),
    teamId: text()
      .notNull()
      .references(() => teams.id),
    /** From where; null for one that undoes another. */
    fromId: text().references(() => environments.id),
    intoId: text()
      .notNull()
      .references(() => environments.id),
    /** The one that this takes back. */
    undoesId: text(),
    state: text().$type<PromotionState>().notNull(),
    /** Generation of the parent that it was made for. */
    generation: integer().notNull(),
    items: jsonb().$type<PromotionItem[]>().notNull(),
    error: jsonb().$type<ErrorBody>(),
    /** As of a deployment. */
    resumed: integer().notNull().default(0),
    byId: text().notNull(),
    byName: text().notNull(),
    createdAt: time().notNull(),
    endedAt: time(),
  },
  (t) => [
    index('promotions_into').on(t.intoId, t.id),
    index('promotions_under_way')
      .on(t.state)
      .where(sql`${t.endedAt} is null`),
  ],
)

/** Promotions that wait for a second pair of eyes, or did. */
export const promotionRequests = pgTable(
  'promotion_requests',
  {
    id: text().primaryKey(),
    teamId: text()
      .notNull()
      .references(() => teams.id),
    fromId: text()
      .notNull()
      .references(() => environments.id),
    intoId: text()
      .notNull()
      .references(() => environments.id),
    /** Null: all of the environment's own. */
    serviceIds: jsonb().$type<string[]>(),
    /** What was asked for, exactly; null in requests of an older release, which cannot be approved any more. */
    contents: jsonb().$type<PromotedContent[]>(),
    /** Generation of the parent that it was asked for. */
    generation: integer().notNull(),
    state: text().$type<'waiting' | 'approved' | 'declined'>().notNull(),
    byId: text().notNull(),
    byName: text().notNull(),
    createdAt: time().notNull(),
    decidedByName: text(),
    decidedAt: time(),
    reason: text(),
    promotionId: text(),
  },
  (t) => [index('promotion_requests_team').on(t.teamId, t.id)],
)

export const instances = pgTable(
  'instances',
  {
    id: text().primaryKey(),
    deploymentId: text()
      .notNull()
      .references(() => deployments.id),
    serviceId: text().notNull(),
    environmentId: text().notNull(),
    teamId: text().notNull(),
    state: text().$type<'starting' | 'checking' | 'live' | 'draining' | 'ended'>().notNull(),
    /** sha256, in hex, of the key with which it calls others. */
    keyHash: text().notNull(),
    address: text(),
    port: integer(),
    pid: integer(),
    startedAt: time().notNull(),
    endedAt: time(),
    exitCode: integer(),
    signal: text(),
    restarts: integer().notNull().default(0),
  },
  (t) => [
    index('instances_running')
      .on(t.state)
      .where(sql`${t.state} <> 'ended'`),
    index('instances_deployment').on(t.deploymentId),
  ],
)

// Audit and usage

export const audit = pgTable(
  'audit',
  {
    seq: bigserial({ mode: 'number' }).primaryKey(),
    at: time().notNull(),
    teamId: text(),
    actor: jsonb()
      .$type<{
        kind: string
        id: string
        name: string
        unconfirmed?: true
        tokenId?: string
        sessionId?: string
        from?: string
      }>()
      .notNull(),
    action: text().notNull(),
    target: text().notNull(),
    before: jsonb(),
    after: jsonb(),
    /** sha256 over the previous row's hash and this row, in hex. */
    hash: text().notNull(),
  },
  (t) => [index('audit_team').on(t.teamId, t.seq)],
)

/** What the gateway counted, an hour a row. */
export const usage = pgTable(
  'usage',
  {
    hour: time().notNull(),
    teamId: text().notNull(),
    serviceId: text().notNull(),
    environmentId: text().notNull(),
    caller: text().notNull(),
    requests: bigint({ mode: 'number' }).notNull(),
    errors: bigint({ mode: 'number' }).notNull(),
    totalMs: doublePrecision().notNull(),
    /** Team of the caller at that time; the empty string when nobody knows. */
    callerTeamId: text().notNull().default(''),
    /** Refused beyond the caller's limit; not among the requests. */
    limited: bigint({ mode: 'number' }).notNull().default(0),
  },
  (t) => [
    primaryKey({ columns: [t.hour, t.serviceId, t.environmentId, t.caller] }),
    index('usage_team').on(t.teamId, t.hour),
    index('usage_service').on(t.serviceId, t.hour),
  ],
)

/**
 * What the gateway counted of one service in one environment by one kind of caller, as a curve: a row has the slots of one
 * stretch of time, `seconds` each, those in which nothing happened left out (runtime/traffic/slot.ts has the format).
 */
export const metrics = pgTable(
  'metrics',
  {
    serviceId: text().notNull(),
    environmentId: text().notNull(),
    caller: text().notNull(),
    seconds: integer().notNull(),
    /** Of the stretch, in milliseconds since the epoch. */
    startsAt: bigint({ mode: 'number' }).notNull(),
    slots: bytes().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.serviceId, t.seconds, t.startsAt, t.environmentId, t.caller] }),
    index('metrics_environment').on(t.environmentId, t.seconds, t.startsAt),
    index('metrics_age').on(t.seconds, t.startsAt),
  ],
)

/** Facts about the installation itself. */
export const platform = pgTable('platform', { key: text().primaryKey(), value: jsonb().notNull() })
