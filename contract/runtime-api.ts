import { z } from 'zod'
import { check } from './checks.ts'
import * as audits from './audit.ts'
import { egress } from './egress.ts'
import * as logs from './logs.ts'
import * as record from './records.ts'
import { type Api, call, duplex, stream, upload } from './rpc.ts'
import { audience, tokenScope } from './routing.ts'
import * as source from './source.ts'
import { deploymentStates } from './states.ts'
import { environmentDiff, promotion, promotionRequest, seenServices } from './promotions.ts'
import * as sharing from './sharing.ts'
import { hop } from './traces.ts'
import { trafficGroups, trafficRangeNames } from './traffic-ranges.ts'
import { roles } from './permissions.ts'
import { signUps } from './people.ts'
import { maxVariables } from './variables.ts'

/**
 * What the runtime does for web (and, where said, for the gateway), on `$M3O_HOME/run/runtime.sock`. Everything is
 * addressed by ids; web has authorized the actor before it calls. `GET /health` answers too, and `/git/{serviceId}/…`
 * serves git (headers `m3o-actor`, `m3o-console`, `m3o-may-…: 1`).
 *
 * Long, as it is one table: whoever wonders what the runtime can be asked finds all of it here.
 */

const nothing = z.object({})
const at = z.object({ serviceId: z.string(), environmentId: z.string() })
const draft = at.extend({ userId: z.string() })
const ok = z.object({ ok: z.literal(true) })
const step = z.object({ step: z.string() })
const ofDeployment = z.object({ deploymentId: z.string() })
const deployed = z.object({ deploymentId: z.string() })
/** `expected`: hash of the content that was edited, null for a new file. */
const saving = z.object({ path: z.string(), text: z.string(), expected: z.string().nullable() })
const size = z.object({ cols: z.number().int().min(2).max(1000), rows: z.number().int().min(1).max(1000) })

const access = {
  /** Names (also former ones) to ids, and the person's standing on the team. Unknown names are `not_found`, naming which. */
  'access.resolve': call(
    z.object({
      userId: z.string().nullable(),
      team: z.string(),
      environment: z.string().optional(),
      service: z.string().optional(),
    }),
    z.object({
      teamId: z.string(),
      team: z.string(),
      role: z.enum(roles).nullable(),
      environmentId: z.string().nullable(),
      environment: z.string().nullable(),
      environmentKind: z.enum(record.environmentKinds).nullable(),
      serviceId: z.string().nullable(),
      service: z.string().nullable(),
      /** The environment's, when it is protected or personal; of a service without one, of all protected ones where it was deployed. */
      protected: z.array(z.object({ environment: z.string(), protection: record.guarded })),
    }),
  ),
  /** A platform token's standing; null when unknown, revoked or expired. `hash`: sha256 in hex. Notes its use. */
  'access.token': call(
    z.object({ hash: z.string() }),
    z
      .object({
        tokenId: z.string(),
        teamId: z.string(),
        team: z.string(),
        person: record.person,
        operator: z.boolean(),
        environment: z.string().nullable(),
        scope: tokenScope,
      })
      .nullable(),
  ),
  /** For the command on this machine, by the socket itself: nothing of web leads here. */
  'access.here': call(
    z.object({ name: z.string().min(1).max(80) }),
    z.object({ token: z.string(), email: z.string(), team: z.string() }),
  ),
  /** Web says which browser sessions may be handed over to services' hosts, and when one has ended. */
  'access.handover': call(
    z.object({
      sessionId: z.string(),
      userId: z.string(),
      host: z.string(),
      state: z.string().max(64),
      expiresAt: z.number(),
    }),
    /** Null: the person has to agree first. */
    z.object({ code: z.string().nullable() }),
  ),
  /** Of a service's host: whose it is, and whether it may be told who the person is. */
  'access.consent': call(
    z.object({ userId: z.string(), host: z.string() }),
    z.object({ serviceId: z.string(), service: z.string(), team: z.string(), agreed: z.boolean() }),
  ),
  'access.consents': call(
    z.object({ userId: z.string() }),
    z.array(z.object({ serviceId: z.string(), service: z.string(), team: z.string(), at: z.number() })),
  ),
  'access.agree': call(z.object({ userId: z.string(), serviceId: z.string() }), ok),
  'access.revokeConsent': call(z.object({ userId: z.string(), serviceId: z.string() }), ok),
  'access.sessionEnded': call(z.object({ sessionId: z.string() }), ok),
  /** Their address, or how they sign in, is another: takes what web noted of it into the audit, and tells the gateway. */
  'access.personChanged': call(z.object({ userId: z.string() }), ok),
}

const platform = {
  'platform.status': call(
    nothing,
    z.object({
      version: z.string(),
      startedAt: z.number(),
      engine: z.string(),
      isolation: z.array(z.object({ what: z.string(), how: z.string(), weaker: z.string().nullable() })),
      processes: z.array(
        z.object({ name: z.string(), pid: z.number().nullable(), memoryBytes: z.number().nullable() }),
      ),
      counts: z.object({ teams: z.number(), services: z.number(), instances: z.number() }),
      gateway: z.object({ url: z.string(), domain: z.string(), port: z.number() }),
    }),
  ),
  /** What operators chose for the whole platform. */
  'platform.configure': call(z.object({ signUp: z.enum(signUps) }), ok),
  /** Looked at just now. */
  'platform.health': call(nothing, z.array(check)),
  /** Another key for secrets: all are sealed anew at once, the key before goes a minute later. Refused while that is under way. `unreadable`: what none of the keys opens, left as it is. */
  'platform.rotateKey': call(
    nothing,
    z.object({ key: z.string(), sealed: z.number(), unreadable: z.array(z.string()) }),
  ),
  /** Stops all instances in order and detaches; the process exits by itself afterwards. */
  'platform.shutdown': call(nothing, ok),
  'events.watch': stream(nothing, record.platformEvent),
  'templates.list': call(
    nothing,
    z.array(z.object({ name: z.string(), title: z.string(), description: z.string(), language: z.string() })),
  ),
}

const teams = {
  'teams.list': call(z.object({ userId: z.string() }), z.array(record.team)),
  /** With `samples`, the sample services are made and deployed (in the background). */
  'teams.create': call(
    z.object({ name: z.string(), ownerId: z.string(), samples: z.boolean().default(false) }),
    record.team,
  ),
  'teams.rename': call(z.object({ teamId: z.string(), name: z.string() }), ok),
  'teams.delete': call(z.object({ teamId: z.string() }), ok),
  /** Where its services may go: what it chose, what the operator allows at most, and why it does not hold here. */
  'teams.egress': call(
    z.object({ teamId: z.string() }),
    z.object({ egress, most: egress, unenforced: z.string().nullable() }),
  ),
  'teams.setEgress': call(z.object({ teamId: z.string(), egress }), ok),
  'members.list': call(z.object({ teamId: z.string() }), z.array(record.member)),
  'members.setRole': call(z.object({ teamId: z.string(), userId: z.string(), role: z.enum(roles) }), ok),
  'members.remove': call(z.object({ teamId: z.string(), userId: z.string() }), ok),
  'invitations.list': call(z.object({ teamId: z.string() }), z.array(record.invitation)),
  /** `secret` goes into the link; only its hash is kept. */
  'invitations.create': call(
    z.object({ teamId: z.string(), email: z.string(), role: z.enum(roles) }),
    record.invitation.extend({ secret: z.string() }),
  ),
  'invitations.revoke': call(z.object({ teamId: z.string(), invitationId: z.string() }), ok),
  /** Who is invited to what, for the page behind the link. */
  'invitations.read': call(
    z.object({ secret: z.string() }),
    z.object({ email: z.string(), team: z.string(), role: z.enum(roles) }),
  ),
  'invitations.accept': call(z.object({ secret: z.string(), userId: z.string() }), record.team),
  'tokens.list': call(z.object({ teamId: z.string(), userId: z.string().nullable() }), z.array(record.token)),
  /** `token` is shown this once. */
  'tokens.create': call(
    z.object({
      teamId: z.string(),
      /** Null: a machine's, which is the team's. */
      userId: z.string().nullable(),
      /** Of a machine. */
      role: z.enum(roles).nullable().default(null),
      name: z.string().min(1).max(80),
      scope: tokenScope,
      environmentId: z.string().nullable(),
      expiresAt: z.number().nullable(),
    }),
    record.token.extend({ secret: z.string() }),
  ),
  'tokens.revoke': call(z.object({ teamId: z.string(), tokenId: z.string() }), ok),
  /** Everything that a person signed the command in with, in all teams; tokens made for programs stay. */
  'tokens.revokeSignIns': call(
    z.object({ userId: z.string(), all: z.boolean(), keep: z.string().nullable() }),
    z.object({ revoked: z.number() }),
  ),
  /** Newest first. Without a team: what is of none, people and the platform itself. */
  'audit.read': call(
    audits.auditFilter.extend({
      teamId: z.string().nullable(),
      before: z.number().nullable(),
      limit: z.number().max(500),
    }),
    z.array(audits.auditEntry),
  ),
  /** Walks the chain of all rows. */
  'audit.verify': call(nothing, audits.auditCheck),
}

const services = {
  'services.list': call(z.object({ teamId: z.string(), environmentId: z.string() }), z.array(record.service)),
  /** Those of the team, then those that others share with it, all without what only their own screens show. */
  'services.catalogue': call(
    z.object({ teamId: z.string(), environmentId: z.string() }),
    z.array(record.listedService),
  ),
  /** Other teams' services that this team may call, as their production has them; with `name` (`@team/service`), that one. */
  'services.shared': call(z.object({ teamId: z.string(), name: z.string().nullable() }), z.array(record.service)),
  'services.get': call(at, record.service),
  /** In which environments it was deployed itself, and what runs there. */
  'services.everywhere': call(z.object({ serviceId: z.string() }), z.array(record.service)),
  'services.create': call(
    z.object({
      teamId: z.string(),
      name: z.string(),
      template: z.string().nullable(),
      ownerId: z.string(),
      /** Without any file, for one whose source comes from elsewhere. */
      empty: z.boolean().optional(),
    }),
    record.service,
  ),
  'services.rename': call(z.object({ serviceId: z.string(), name: z.string() }), ok),
  'services.update': call(
    z.object({
      serviceId: z.string(),
      description: z.string().optional(),
      ownerId: z.string().nullable().optional(),
      contact: z.string().optional(),
      tags: z.array(z.string()).optional(),
      audience: audience.optional(),
      readable: z.enum(sharing.readables).optional(),
      approval: z.boolean().optional(),
      perMinute: z.number().nullable().optional(),
    }),
    ok,
  ),
  /** Null: not any more. `replacement`: `@team/service`, as the team may see it, or the name of one of its own. */
  'services.deprecate': call(
    z.object({
      teamId: z.string(),
      serviceId: z.string(),
      deprecation: z
        .object({ message: z.string(), sunset: z.number().nullable(), replacement: z.string().nullable() })
        .nullable(),
    }),
    ok,
  ),
  /** Who really called it in the last 30 days. */
  'services.dependants': call(z.object({ serviceId: z.string() }), z.array(sharing.dependant)),
  /** A service of the team's own with the source of another's, where that lets it be read. */
  'services.fork': call(
    z.object({ teamId: z.string(), name: z.string(), newName: z.string(), ownerId: z.string() }),
    z.object({ serviceId: z.string(), name: z.string(), commit: z.string() }),
  ),
  /** Those whose documents hold the words; the best first, some with a piece of the text. */
  'services.search': call(
    z.object({ teamId: z.string(), query: z.string() }),
    z.array(z.object({ serviceId: z.string(), excerpt: z.string().nullable() })),
  ),
  'services.configure': call(at.extend({ settings: record.serviceSettings.partial() }), ok),
  /** To another team: what served in this one's production serves in that one's. `deploymentId`: what brings it up there; null when it was stopped. */
  'services.transfer': call(
    z.object({ serviceId: z.string(), teamId: z.string() }),
    z.object({ deploymentId: z.string().nullable() }),
  ),
  'services.delete': call(z.object({ serviceId: z.string() }), ok),
  /** Stops it in this environment; source, history and settings stay. */
  'services.kill': call(at, ok),
  /** Who calls whom. How much, and how fast: `metrics.service`. */
  'services.traffic': call(
    at,
    z.object({
      callers: z.array(z.object({ caller: z.string(), requests: z.number() })),
      callees: z.array(z.object({ service: z.string(), requests: z.number() })),
      lost: record.lostContext.nullable(),
      /** The same of calls for one that had been answered, while calls of other environments were being answered. */
      late: record.lostContext.nullable(),
    }),
  ),
  /** A service's traffic over a range: as one curve, or by environment, or by caller. A point each `stepMs` from `from` on; the last one is not over yet. */
  'metrics.service': call(
    at.extend({ range: z.enum(trafficRangeNames), by: z.enum(trafficGroups), environmentIds: z.array(z.string()) }),
    z.object({
      from: z.number(),
      to: z.number(),
      stepMs: z.number(),
      inFlight: z.number(),
      curves: z.array(
        z.object({
          name: z.string(),
          requests: z.array(z.number()),
          errors: z.array(z.number()),
          limited: z.array(z.number()),
          busyMs: z.array(z.number()),
          p50: z.array(z.number().nullable()),
          p95: z.array(z.number().nullable()),
          p99: z.array(z.number().nullable()),
          total: z.object({
            requests: z.number(),
            errors: z.number(),
            limited: z.number(),
            p50: z.number().nullable(),
            p95: z.number().nullable(),
            p99: z.number().nullable(),
          }),
        }),
      ),
    }),
  ),
  /** The last hour of all services that were called in an environment, or of one, two minutes a step. */
  'metrics.activity': call(
    z.object({ environmentId: z.string(), serviceId: z.string().nullable() }),
    z.array(z.object({ serviceId: z.string(), requests: z.array(z.number()), errors: z.number() })),
  ),
  /** Each call of a trace that is the team's: to its services, or in its environments. Oldest first; empty when none is remembered. */
  'traces.read': call(z.object({ teamId: z.string(), traceId: z.string() }), z.array(hop)),
  /** For the gateway: resolves when an instance answers, or fails as `unavailable` with the reason. */
  'instances.wake': call(at, ok),
}

/** Of another team's service, `@team/service`, for the team `teamId`. */
const sharedOne = z.object({ teamId: z.string(), name: z.string() })
const ofConsumer = z.object({ serviceId: z.string(), teamId: z.string() })

const sharings = {
  /** What its repository says of it, as its production serves it. */
  'shared.docs': call(sharedOne, z.array(sharing.docFile)),
  /** `forbidden` unless its team lets its source be read. */
  'shared.tree': call(sharedOne, z.array(source.treeEntry)),
  'shared.read': call(sharedOne.extend({ path: z.string() }), source.sourceFile),
  /** How the team uses it: its own calls, limit and approval. */
  'shared.usage': call(sharedOne.extend({ days: z.number().int().min(1).max(90) }), sharing.consumer),
  'shared.ask': call(sharedOne.extend({ reason: z.string() }), ok),
  'consumers.list': call(z.object({ serviceId: z.string(), days: z.number().int().min(1).max(90) }), sharing.consumers),
  /** `askedAt`: of the ask that was looked at; refused as `conflict` when it is another now. */
  'consumers.decide': call(
    ofConsumer.extend({
      verdict: z.enum(['approve', 'decline', 'revoke']),
      answer: z.string(),
      askedAt: z.number().nullable().optional(),
    }),
    ok,
  ),
  'consumers.limit': call(ofConsumer.extend({ perMinute: z.number().nullable() }), ok),
  /** Teams that wait for an answer, for all services of a team. */
  'consumers.asks': call(z.object({ teamId: z.string() }), z.array(sharing.pendingAsk)),
  'follows.list': call(z.object({ teamId: z.string(), userId: z.string() }), z.array(z.string())),
  'follows.set': call(sharedOne.extend({ userId: z.string(), follow: z.boolean() }), ok),
  'news.list': call(z.object({ teamId: z.string(), userId: z.string() }), z.array(sharing.newsItem)),
  'news.seen': call(z.object({ userId: z.string() }), ok),
}

const environments = {
  'environments.list': call(z.object({ teamId: z.string() }), z.array(record.environment)),
  'environments.create': call(
    z.object({
      teamId: z.string(),
      name: z.string(),
      kind: z.enum(record.environmentKinds).optional(),
      parentId: z.string().nullable(),
      ownerId: z.string(),
    }),
    record.environment,
  ),
  /** Refused while others stem from it. Can be undone for a day by `environments.restore`. */
  'environments.delete': call(z.object({ environmentId: z.string() }), ok),
  /** Those that can come back, the latest first. */
  'environments.departed': call(z.object({ teamId: z.string() }), z.array(record.departedEnvironment)),
  'environments.restore': call(z.object({ environmentId: z.string() }), record.environment),
  /** As if it had just been used. */
  'environments.keep': call(z.object({ environmentId: z.string() }), record.environment),
  /** To another parent, with all that stems from it. */
  'environments.move': call(z.object({ environmentId: z.string(), parentId: z.string() }), record.environment),
  /** Drops the environment's own copy of a service; its calls go to the parent's again. */
  'environments.reset': call(at, ok),
  /** Null: not any more. */
  'environments.protect': call(z.object({ environmentId: z.string(), protection: record.protection.nullable() }), ok),
  /** Who may work in a personal environment besides its owner: all of them. */
  'environments.letIn': call(z.object({ environmentId: z.string(), people: z.array(z.string()).max(100) }), ok),
  /** Keeps what it inherits as it is now; again: as it is now again. `following`: those that go on as their parent's. */
  'environments.pin': call(
    z.object({ environmentId: z.string() }),
    z.object({
      services: z.number(),
      following: z.array(z.object({ service: z.string(), why: z.string() })),
    }),
  ),
  'environments.unpin': call(z.object({ environmentId: z.string() }), z.object({ services: z.number() })),
  /** Services, variables and revisions of one against another, its parent when null; with the parent also what stands in a promotion's way. */
  'environments.diff': call(z.object({ environmentId: z.string(), againstId: z.string().nullable() }), environmentDiff),
}

const route = z.enum(['console', 'cli'])
const promoted = z.object({ promotionId: z.string() })
/** Null: all of the environment's own. */
const ofEnvironment = z.object({
  environmentId: z.string(),
  serviceIds: z.array(z.string()).min(1).max(1000).nullable(),
})

const wantedPromotion = ofEnvironment.extend({
  generation: z.number().int().nullable(),
  seen: seenServices.default(null),
})

const promotions = {
  /** Newest first; of one environment: those into it and those from it. */
  'promotions.list': call(
    z.object({
      teamId: z.string(),
      environmentId: z.string().nullable(),
      before: z.string().nullable(),
      limit: z.number().int().max(200),
    }),
    z.array(promotion),
  ),
  'promotions.get': call(promoted, promotion),
  /** The current state first, then each change, until it has ended. */
  'promotions.follow': stream(promoted, promotion),
  /**
   * Moves an environment's own revisions into its parent. Refused as `conflict` when the parent is not of this generation any
   * more, or when what would move is not exactly what was `seen` (by service id).
   */
  'promotions.start': call(wantedPromotion.extend({ route }), promoted),
  /** As `start`, where the parent asks for a second pair of eyes: it waits for somebody else. */
  'promotions.request': call(wantedPromotion, promotionRequest),
  /** Those that wait, then the latest that were decided. */
  'promotions.requests': call(z.object({ teamId: z.string() }), z.array(promotionRequest)),
  /** Begins exactly what was asked for, in the name of whoever approves; refused for who asked for it, and as `conflict` when something has changed. */
  'promotions.approve': call(z.object({ requestId: z.string(), seen: z.string(), route }), promoted),
  /** Also by who asked for it. */
  'promotions.decline': call(z.object({ requestId: z.string(), reason: z.string().max(500).nullable() }), ok),
  /** Brings what the parent serves into the environment's own copies that lack it, and deploys them there. */
  'promotions.merge': call(
    ofEnvironment.extend({ userId: z.string(), route }),
    z.object({
      deployments: z.array(z.object({ serviceId: z.string(), service: z.string(), deploymentId: z.string() })),
    }),
  ),
  /** What served before a promotion serves again, all of it or nothing. */
  'promotions.undo': call(promoted.extend({ route }), promoted),
  'promotions.cancel': call(promoted, ok),
}

const deployments = {
  'deployments.list': call(
    z.object({
      teamId: z.string(),
      serviceId: z.string().optional(),
      environmentId: z.string().optional(),
      /** Name of who asked for it, as deployments carry it. */
      by: z.string().optional(),
      state: z.enum(deploymentStates).optional(),
      before: z.string().nullable(),
      limit: z.number().int().max(200),
    }),
    z.array(record.deployment),
  ),
  'deployments.get': call(ofDeployment, record.deployment),
  /** The current state first, then each change, until it has ended. */
  'deployments.follow': stream(ofDeployment, record.deployment),
  /** Deploys a commit, or the person's draft, which is committed first (`conflict` names whose change is in the way). */
  'deployments.start': call(
    at.extend({
      what: z.union([
        z.object({ commit: z.string() }),
        z.object({ draft: z.object({ userId: z.string(), message: z.string().max(10_000).optional() }) }),
      ]),
      route: z.enum(['console', 'cli', 'git', 'platform']),
    }),
    deployed,
  ),
  /** A person's draft, with what they typed last. */
  'deployments.saveAndStart': call(
    draft.extend(saving.shape).extend({ route: z.enum(['console', 'cli']) }),
    deployed.extend({ saved: z.object({ hash: z.string() }) }),
  ),
  /** A folder as a tar stream (gzip or not), for `m3o deploy`. The service is made when there is none of the name. */
  'deployments.upload': upload(
    z.object({
      teamId: z.string(),
      environmentId: z.string(),
      service: z.string(),
      userId: z.string(),
      message: z.string().max(10_000).optional(),
      base: z.string().nullable(),
      force: z.boolean().default(false),
      /** Commit that the folder stands on, which was pushed to `refs/m3o/incoming/{commit}` before: its history comes along. */
      tip: z.string().optional(),
    }),
    z.object({ deploymentId: z.string(), serviceId: z.string(), commit: z.string(), notes: z.array(z.string()) }),
  ),
  'deployments.cancel': call(ofDeployment, ok),
  /** Without `to`, one live revision further back; with it, to that revision (commit, prefix allowed) or deployment. `from`: the deployment that was live when it was looked at; refused as `conflict` when another is. */
  'deployments.rollback': call(
    at.extend({ to: z.string().nullable(), from: z.string().nullable().default(null) }),
    deployed,
  ),
  'deployments.restart': call(at, deployed),
  'deployments.scale': call(
    at.extend({ min: z.number().int().min(0).max(32), max: z.number().int().min(1).max(32) }),
    deployed,
  ),
  /** Code and variables compared with what it replaced. `inheritedFrom`: the parent whose revision that was. */
  'deployments.diff': call(
    ofDeployment,
    z.object({
      from: z.string().nullable(),
      to: z.string(),
      inheritedFrom: z.string().nullable(),
      files: z.array(source.fileChange),
      variables: z.array(
        z.object({
          name: z.string(),
          change: source.changeKind,
          secret: z.boolean(),
          before: z.string().nullable(),
          after: z.string().nullable(),
        }),
      ),
    }),
  ),
  /** How its endpoints differ from what served before, each with those who really call it. */
  'deployments.impact': call(ofDeployment, z.array(sharing.impact)),
}

const variables = {
  /** Of one environment, inherited ones included, and those that it does not have although a parent does. */
  'variables.list': call(at, z.array(record.variable)),
  /** `inheritable`: as it was when absent. */
  'variables.set': call(
    at.extend({ name: z.string(), value: z.string(), secret: z.boolean(), inheritable: z.boolean().optional() }),
    ok,
  ),
  /** All of them or, when one cannot be set, none. */
  'variables.setAll': call(
    at.extend({
      variables: z
        .array(z.object({ name: z.string(), value: z.string(), secret: z.boolean() }))
        .min(1)
        .max(maxVariables),
    }),
    ok,
  ),
  'variables.delete': call(at.extend({ name: z.string() }), ok),
  /** What was set or left out here is taken back: the parent's shows again. */
  'variables.reset': call(at.extend({ name: z.string() }), ok),
  /** Whether environments below may have a secret that is set here, when this one is protected. */
  'variables.mark': call(at.extend({ name: z.string(), inheritable: z.boolean() }), ok),
  /** Values of the secrets that an instance would get here; who had them is in the audit. */
  'variables.reveal': call(at, z.array(z.object({ name: z.string(), value: z.string() }))),
}

const sources = {
  'source.tree': call(z.object({ serviceId: z.string(), ref: source.treeRef }), z.array(source.treeEntry)),
  'source.read': call(z.object({ serviceId: z.string(), ref: source.treeRef, path: z.string() }), source.sourceFile),
  /** A file's bytes, whatever its size. */
  'source.raw': stream(
    z.object({ serviceId: z.string(), ref: source.treeRef, path: z.string() }),
    z.object({ base64: z.string() }),
  ),
  'source.status': call(draft, source.draftStatus),
  /** `expected`: hash of the content that was edited, null for a new file. Refused as `conflict` when it is no longer that. */
  'source.save': call(draft.extend(saving.shape), z.object({ hash: z.string() })),
  'source.upload': upload(
    draft.extend({ path: z.string(), expected: z.string().nullable() }),
    z.object({ hash: z.string(), step: z.string() }),
  ),
  /** Files and folders. `step` in an answer is what `source.restore` undoes; empty when nothing changed. */
  'source.move': call(draft.extend({ from: z.string(), to: z.string() }), step),
  'source.remove': call(draft.extend({ path: z.string() }), step),
  /** One path, or the whole draft, back to its base. */
  'source.revert': call(draft.extend({ path: z.string().nullable() }), step),
  /** What was done to the draft within the last day, newest first. */
  'source.steps': call(draft, z.array(source.draftStep)),
  /** Begins a step of several saves. */
  'source.mark': call(draft.extend({ kind: z.enum(source.draftSteps) }), step),
  /** Makes paths, or with null all of the draft, what they were before a step. */
  'source.restore': call(draft.extend({ step: z.string(), paths: z.array(z.string()).nullable() }), step),
  /** Makes the draft what a commit is, as changes to the head. */
  'source.take': call(draft.extend({ commit: z.string() }), step),
  /** Merges the branch's new head into the draft; files in conflict get git's markers and are named. */
  'source.update': call(
    draft.extend({ onConflict: source.onConflict }),
    z.object({ conflicts: z.array(z.string()), step: z.string() }),
  ),
  'source.history': call(
    at.extend({ before: z.string().nullable(), limit: z.number().int().max(200), path: z.string().optional() }),
    z.array(source.commitRecord),
  ),
  'source.diff': call(
    z.object({ serviceId: z.string(), from: z.string().nullable(), to: z.string() }),
    z.array(source.fileChange),
  ),
  'source.search': call(
    z.object({
      serviceId: z.string(),
      ref: source.treeRef,
      query: z.string().max(1000),
      regex: z.boolean(),
      caseSensitive: z.boolean(),
      limit: z.number().int().max(2000),
    }),
    z.object({ matches: z.array(source.searchMatch), truncated: z.boolean() }),
  ),
  /** Other people with unsaved-to-history changes to this service here. */
  'source.drafts': call(
    at,
    z.array(z.object({ person: record.person, updatedAt: z.number(), paths: z.array(z.string()) })),
  ),
}

const languages = {
  /**
   * A language server on a person's draft, for one editor. Both ways JSON-RPC messages of the Language Server Protocol, one
   * a line; the platform's own begin with `m3o/` (runtime/languages/session.ts).
   */
  'languages.open': duplex(draft),
}

const laptops = {
  /**
   * Holds a service's place in an environment for a laptop, as long as the connection lives. Messages of contract/laptops.ts
   * both ways, as JSON, one a line. Refused as `conflict` when another holds it, unless `force`.
   */
  'laptops.hold': duplex(
    at.extend({
      userId: z.string(),
      /** Its name before the connection was lost; null for a new one. */
      instance: z.string().nullable(),
      force: z.boolean(),
      /** What its person may have of the service's settings. */
      may: z.object({ variables: z.boolean(), secrets: z.boolean() }),
    }),
  ),
  /** Raw bytes of what the held place's process says, to the end of the stream. */
  'laptops.output': duplex(z.object({ instance: z.string(), stream: z.enum(['stdout', 'stderr']) })),
}

const logTargets = z.array(at).min(1).max(2000)

const logApi = {
  'logs.read': call(
    z.object({ targets: logTargets, query: logs.logPageQuery }),
    z.object({ entries: z.array(logs.logEntry), cursor: z.string().nullable(), complete: z.boolean() }),
  ),
  /** How many lines there are in each of so many steps between two times; `since` null: from the first line on. */
  'logs.volume': call(
    z.object({
      targets: logTargets,
      since: z.number().nullable(),
      until: z.number(),
      steps: z.number().int().min(1).max(200),
    }),
    z.object({ from: z.number(), to: z.number(), counts: z.array(z.number()), complete: z.boolean() }),
  ),
  /** `after`: last seq seen, by `{serviceId}/{environmentId}`; it wins over `last` for those it names. */
  'logs.follow': stream(
    z.object({
      targets: logTargets,
      filter: logs.logFilter,
      last: z.number().int().min(0).max(10_000).optional(),
      after: z.record(z.string(), z.number()).optional(),
    }),
    /** `seqs`: the last of each log among these, by `{serviceId}/{environmentId}`, as `after` takes them. Names may change meanwhile. */
    z.object({ entries: z.array(logs.logEntry), seqs: z.record(z.string(), z.number()) }),
  ),
}

const terminals = {
  'terminals.list': call(
    z.object({ serviceId: z.string(), environmentId: z.string(), userId: z.string() }),
    z.array(z.object({ id: z.string(), instanceId: z.string(), title: z.string(), createdAt: z.number() })),
  ),
  /** In the newest live instance unless one is named. */
  'terminals.open': call(
    at.extend({ userId: z.string(), instanceId: z.string().nullable() }).extend(size.shape),
    z.object({ terminalId: z.string(), instanceId: z.string() }),
  ),
  /** Frames both ways, see contract/frames.ts; the first from the runtime is a snapshot that repaints the screen. */
  'terminals.attach': duplex(z.object({ terminalId: z.string(), userId: z.string() })),
  'terminals.close': call(z.object({ terminalId: z.string(), userId: z.string() }), ok),
  /** A command without a terminal, or with one; frames as in contract/frames.ts. */
  'instances.exec': duplex(
    at.extend({ instanceId: z.string().nullable(), command: z.array(z.string()), tty: size.nullable() }),
  ),
}

export const runtimeApi = {
  ...access,
  ...platform,
  ...teams,
  ...services,
  ...sharings,
  ...environments,
  ...promotions,
  ...deployments,
  ...variables,
  ...sources,
  ...languages,
  ...logApi,
  ...terminals,
  ...laptops,
} satisfies Api
export type RuntimeApi = typeof runtimeApi
