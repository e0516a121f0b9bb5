import { z } from 'zod'

/**
 * The gateway's whole knowledge: entities by kind and id. The runtime sends all of it when the gateway connects and
 * then changes to it; a change is applied whole or not at all, between two requests. Overrides only: what an
 * environment does not override is looked up in its parent, at most {@link maxDepth} times.
 */
export const maxDepth = 8

export const audience = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('team') }),
  z.object({ kind: z.literal('teams'), teams: z.array(z.string()) }),
  z.object({ kind: z.literal('platform') }),
  z.object({ kind: z.literal('anyone') }),
])
export type Audience = z.infer<typeof audience>

const routedTeam = z.object({ id: z.string(), name: z.string(), formerNames: z.array(z.string()) })

const routedEnvironment = z.object({
  id: z.string(),
  teamId: z.string(),
  name: z.string(),
  formerNames: z.array(z.string()),
  parentId: z.string().nullable(),
  generation: z.number().int(),
  /** Set when it expired or was deleted: calls answer 410 with this sentence. Kept for as long as its name may be tried. */
  gone: z.string().nullable(),
  /** It is protected, and its secrets stay with calls that are made in it (contract/overlay-secrets.ts). */
  keepsSecrets: z.boolean().optional(),
  /** Why a removed environment was removed: for programs. */
  goneBy: z.enum(['deleted', 'expired']).optional(),
})

const routedService = z.object({
  id: z.string(),
  teamId: z.string(),
  name: z.string(),
  formerNames: z.array(z.string()),
  audience,
  /** Names that it had in other teams: they lead here until they are taken there. */
  formerIn: z.array(z.object({ teamId: z.string(), name: z.string() })).optional(),
  /** Ids of the teams of the audience that may call it; absent: all of them. */
  approved: z.array(z.string()).optional(),
  /** Calls a minute of each other team; `teams`: of those that have a number of their own. Null: without end. */
  limit: z.object({ perMinute: z.number().nullable(), teams: z.record(z.string(), z.number().nullable()) }).optional(),
  /** Said with every answer. Milliseconds since the epoch; `replacement` as `@team/service`. */
  deprecation: z
    .object({ at: z.number(), sunset: z.number().nullable(), replacement: z.string().nullable() })
    .optional(),
  /** It is changing hands at this moment: calls wait. */
  moving: z.boolean().optional(),
})

/** Environments of whose secrets instances hold some that are not marked as inheritable. */
const secretsOf = z.array(z.string()).optional()

const routedInstance = z.object({ id: z.string(), address: z.string(), port: z.number().int() })

/** What runs of a service in an environment where it was deployed. Key: `{environmentId}/{serviceId}`. */
const routedRelease = z.object({
  environmentId: z.string(),
  serviceId: z.string(),
  deploymentId: z.string(),
  /** Short commit id, as in `M3O-Served-By`. */
  revision: z.string(),
  /** live: instances serve · asleep: a call wakes it · stopped: killed by its owner · failed: parked as crashing. */
  state: z.enum(['live', 'asleep', 'stopped', 'failed']),
  /** Why, for people, when nothing serves. */
  reason: z.string().nullable(),
  instances: z.array(routedInstance),
  secretsOf,
})

/**
 * Somebody's laptop that stands in the place of a release, and of what would be inherited. It is called on a socket of web's
 * (contract/laptops.ts); when that is not there, what is beneath serves at once. Key: `{environmentId}/{serviceId}`.
 */
const routedLaptop = z.object({
  environmentId: z.string(),
  serviceId: z.string(),
  /** As an instance that calls others. */
  instanceId: z.string(),
  /** Which of its processes is called. */
  run: z.number().int(),
  /** Whose it is, for people. */
  by: z.string(),
  secretsOf,
})

/** An instance that may call others. `key` is the sha256, in hex, of the key in its M3O_GATEWAY. */
const routedCaller = z.object({
  instanceId: z.string(),
  key: z.string(),
  serviceId: z.string(),
  environmentId: z.string(),
  teamId: z.string(),
  /** The only source address from which the key is honoured; empty: only through the socket for laptops. */
  from: z.string(),
  /** True when it runs in an overlay, whose calls stay there even without headers. */
  overlay: z.boolean(),
})

export const tokenScope = z.object({
  /** Actions of contract/permissions.ts; absent: all actions of its creator. */
  actions: z.array(z.string()).optional(),
  /** Ids; absent: all of the team. */
  services: z.array(z.string()).optional(),
  environments: z.array(z.string()).optional(),
})
export type TokenScope = z.infer<typeof tokenScope>

/** A platform token. `hash` is the sha256 of the token, in hex. */
const routedToken = z.object({
  id: z.string(),
  hash: z.string(),
  teamId: z.string(),
  personId: z.string(),
  /** Null: not confirmed, so no service is told of it; or a machine's token. */
  email: z.string().nullable(),
  /** Name of a machine, which is no person. */
  machine: z.string().optional(),
  mayCall: z.boolean(),
  /** Environment in which its calls run unless a header says otherwise. */
  environmentId: z.string().nullable(),
  scope: tokenScope,
  /** Milliseconds since the epoch. */
  expiresAt: z.number().nullable(),
})

/** A signed-in person's session that may be handed over to a service's host; gone from the table when it ends. */
const routedSession = z.object({
  id: z.string(),
  personId: z.string(),
  /** Null: not confirmed, so no service is told of it. */
  email: z.string().nullable(),
  /** Teams in which the person may call services. */
  teamIds: z.array(z.string()),
  /** Services of other teams that may be told who it is, as `{team id}/{service id}`. */
  consents: z.array(z.string()).optional(),
  expiresAt: z.number(),
})

/** Where the gateway listens besides its own port: the machine's address in the services' networks, whose instances call through it. */
const listener = z.object({ teamId: z.string(), address: z.string(), port: z.number().int() })

export const routed = {
  teams: routedTeam,
  environments: routedEnvironment,
  services: routedService,
  releases: routedRelease,
  laptops: routedLaptop,
  callers: routedCaller,
  tokens: routedToken,
  sessions: routedSession,
  listeners: listener,
} as const
export type RoutedKind = keyof typeof routed
export type Routed = { [K in RoutedKind]: z.infer<(typeof routed)[K]> }

/** Entities by id; a release's and a laptop's id is `{environmentId}/{serviceId}`, a listener's its address. */
export const routingTable = z.object({
  /** Counts every change; a change that does not follow on is refused and the whole table sent again. */
  version: z.number().int(),
  /** Identity of the runtime's run that numbers the versions. */
  epoch: z.string(),
  teams: z.record(z.string(), routedTeam),
  environments: z.record(z.string(), routedEnvironment),
  services: z.record(z.string(), routedService),
  releases: z.record(z.string(), routedRelease),
  laptops: z.record(z.string(), routedLaptop).default({}),
  callers: z.record(z.string(), routedCaller),
  tokens: z.record(z.string(), routedToken),
  sessions: z.record(z.string(), routedSession),
  listeners: z.record(z.string(), listener),
})
export type RoutingTable = z.infer<typeof routingTable>

const changesOf = <T extends z.ZodType>(entity: T) => z.record(z.string(), entity.nullable()).optional()

/** Null removes. */
export const routingChange = z.object({
  version: z.number().int(),
  epoch: z.string(),
  teams: changesOf(routedTeam),
  environments: changesOf(routedEnvironment),
  services: changesOf(routedService),
  releases: changesOf(routedRelease),
  laptops: changesOf(routedLaptop),
  callers: changesOf(routedCaller),
  tokens: changesOf(routedToken),
  sessions: changesOf(routedSession),
  listeners: changesOf(listener),
})
export type RoutingChange = z.infer<typeof routingChange>
