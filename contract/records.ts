import { z } from 'zod'
import { endpoint } from './endpoints.ts'
import { promotion } from './promotions.ts'
import { audience, tokenScope } from './routing.ts'
import { deploymentStates, phaseParts, phases, serviceStates } from './states.ts'
import { accesses, deprecation, readables } from './sharing.ts'
import { endpointChange } from './compatibility.ts'
import { roles } from './permissions.ts'
import type { Guarded, Protection } from './protection.ts'

/** What people and programs are shown of the platform's nouns. Times are milliseconds since the epoch. */

export const person = z.object({
  id: z.string(),
  name: z.string(),
  email: z.string(),
  /** Nothing has proved yet that the address is theirs. */
  unconfirmed: z.literal(true).optional(),
})
export type Person = z.infer<typeof person>

export const errorBody = z.object({
  code: z.string(),
  message: z.string(),
  fix: z.string().optional(),
  field: z.string().optional(),
  data: z.record(z.string(), z.unknown()).optional(),
})

export const team = z.object({ id: z.string(), name: z.string(), role: z.enum(roles), createdAt: z.number() })
export type Team = z.infer<typeof team>

export const member = z.object({ person, role: z.enum(roles), since: z.number() })
export type Member = z.infer<typeof member>

export const invitation = z.object({
  id: z.string(),
  email: z.string(),
  role: z.enum(roles),
  createdAt: z.number(),
  expiresAt: z.number(),
  by: person.nullable(),
})

export const token = z.object({
  id: z.string(),
  name: z.string(),
  teamId: z.string(),
  person,
  scope: tokenScope,
  environment: z.string().nullable(),
  createdAt: z.number(),
  expiresAt: z.number().nullable(),
  lastUsedAt: z.number().nullable(),
  /** A machine's: what it is in the team, and who made it. `person` is the machine itself then. */
  machine: z.object({ role: z.enum(roles), by: z.string() }).nullable(),
})
export type Token = z.infer<typeof token>

/** Somebody's laptop that serves in the place of what is deployed. */
const laptop = z.object({ by: person, since: z.number(), instance: z.string() })
export type Laptop = z.infer<typeof laptop>

const admitted = z.object({ role: z.enum(roles), people: z.array(z.string()).max(300) })
export const protection: z.ZodType<Protection> = z.object({
  deploy: admitted,
  secrets: admitted,
  promote: admitted,
  approval: z.boolean().optional(),
  overlays: z.boolean().optional(),
})

/** By what is decided, of a personal environment too. */
export const guarded: z.ZodType<Guarded> = z.object({
  deploy: admitted,
  secrets: admitted,
  promote: admitted,
  approval: z.boolean().optional(),
  overlays: z.boolean().optional(),
  own: admitted.optional(),
})

/** With its people by name. */
const shownAdmitted = admitted.extend({ people: z.array(person) })
const shownProtection = z.object({
  deploy: shownAdmitted,
  secrets: shownAdmitted,
  promote: shownAdmitted,
  approval: z.boolean().optional(),
  overlays: z.boolean().optional(),
})
export type ShownProtection = z.infer<typeof shownProtection>

export const environmentKinds = ['production', 'shared', 'personal', 'preview'] as const
export const environment = z.object({
  id: z.string(),
  teamId: z.string(),
  name: z.string(),
  kind: z.enum(environmentKinds),
  owner: person.nullable(),
  /** Name of the parent; null for production. */
  parent: z.string().nullable(),
  generation: z.number(),
  overrides: z.array(z.object({ serviceId: z.string(), service: z.string(), revision: z.string() })),
  /** Services that somebody's laptop runs in it. */
  laptops: z.array(laptop.extend({ service: z.string() })),
  /** Null: it follows its parent. Else of how many services it keeps the parent's revision, and since when. */
  pinned: z.object({ services: z.number(), since: z.number().nullable() }).nullable(),
  /** Null: the roles alone say who may do what in it. */
  protection: shownProtection.nullable(),
  /** Of a personal one: who may work in it besides its owner. */
  letIn: z.array(person),
  createdAt: z.number(),
  expires: z.number().nullable(),
  /** Newest call, edit or deployment in it, or in one that stems from it, as far as it is known. */
  usedAt: z.number().nullable(),
  /** Of a preview: the branch whose pushes it shows. */
  branch: z.string().nullable(),
  /** Who has edited a draft in it within the last minutes, the latest first. */
  editing: z.array(z.object({ by: z.string(), service: z.string(), at: z.number() })),
})
export type Environment = z.infer<typeof environment>

/** One that was deleted, or has expired, and can come back. */
export const departedEnvironment = environment
  .pick({
    id: true,
    teamId: true,
    name: true,
    kind: true,
    owner: true,
    parent: true,
    overrides: true,
    protection: true,
    letIn: true,
  })
  .extend({
    departedAt: z.number(),
    /** Nobody deleted it: it was not used for too long. */
    expired: z.boolean(),
    /** Until then it can come back. */
    until: z.number(),
  })
export type DepartedEnvironment = z.infer<typeof departedEnvironment>

const instance = z.object({
  id: z.string(),
  /** The host's; null while it has none. */
  pid: z.number().nullable(),
  state: z.enum(['starting', 'checking', 'live', 'draining', 'ended']),
  startedAt: z.number(),
  memoryBytes: z.number().nullable(),
  cpuMs: z.number().nullable(),
  restarts: z.number(),
})
export type Instance = z.infer<typeof instance>

export const serviceSettings = z.object({
  min: z.number().int().min(0).max(32),
  max: z.number().int().min(1).max(32),
  /** Milliseconds without a call after which it sleeps at zero; null: never. */
  idleMs: z.number().nullable(),
  memoryMiB: z.number().int().min(32).max(16384),
  cpu: z.number().min(0.05).max(32),
  health: z.string(),
})
export type ServiceSettings = z.infer<typeof serviceSettings>

/** A service as one environment sees it. */
export const service = z.object({
  id: z.string(),
  teamId: z.string(),
  team: z.string(),
  name: z.string(),
  description: z.string(),
  /** Of the source: node, python, … */
  language: z.string(),
  owner: person.nullable(),
  /** How to reach whoever is on call for it; may be empty. */
  contact: z.string(),
  tags: z.array(z.string()),
  audience,
  /** Who besides its team may read and fork its source. */
  readable: z.enum(readables),
  /** Other teams call it once they are approved. */
  approval: z.boolean(),
  /** Calls a minute of each other team; null: as many as they like. */
  perMinute: z.number().nullable(),
  deprecation: deprecation.nullable(),
  /** The service that it was forked from, by its current name; null when that service was deleted. */
  forkedFrom: z.object({ name: z.string().nullable(), revision: z.string() }).nullable(),
  /** Of another team's: whether the team looked at may call it. Null for its own. */
  access: z.enum(accesses).nullable(),
  /** The environment looked at. */
  environment: z.string(),
  /** Name of the environment whose copy serves here; null when none does. */
  from: z.string().nullable(),
  /** That copy is its parent's, as it was when the environment was pinned. */
  pinned: z.boolean(),
  /** Serves here (in `from`) at the moment; `revision` is of what is beneath. Null: what is deployed serves. */
  laptop: laptop.nullable(),
  state: z.enum(serviceStates),
  /** Why, when it does not serve. */
  reason: z.string().nullable(),
  revision: z.string().nullable(),
  instances: z.array(instance),
  url: z.string(),
  endpoints: z.array(endpoint),
  /** As the next deployment will have them. */
  settings: serviceSettings,
  /** What runs here was started with others: they take effect with the next deployment or restart. */
  pending: z.boolean(),
  /** Settings that m3o.json says and the console therefore shows as locked. */
  locked: z.array(z.string()),
  /** When what is live here became so, be it inherited; null where nothing is. */
  deployedAt: z.number().nullable(),
  /** The last attempt here, whatever became of it. */
  lastDeployment: z
    .object({ id: z.string(), state: z.enum(deploymentStates), at: z.number(), by: z.string() })
    .nullable(),
  createdAt: z.number(),
})
export type Service = z.infer<typeof service>

/** A service as the catalogue lists it: thousands of them weigh little. */
export const listedService = service
  .omit({
    instances: true,
    settings: true,
    pending: true,
    locked: true,
    endpoints: true,
    contact: true,
    perMinute: true,
    forkedFrom: true,
  })
  .extend({ endpoints: z.array(z.string()) })
export type ListedService = z.infer<typeof listedService>

/** Calls of a service that were made in its own environment because it did not say for which of its callers they were. */
export const lostContext = z.object({
  /** Of the copy that lost them. */
  environment: z.string(),
  revision: z.string(),
  calls: z.number(),
  firstAt: z.number(),
  lastAt: z.number(),
  /** Whom it called, most often first. */
  callees: z.array(z.object({ service: z.string(), calls: z.number() })),
})
export type LostContext = z.infer<typeof lostContext>

const deploymentError = errorBody.extend({
  exitCode: z.number().nullable().optional(),
  signal: z.string().nullable().optional(),
  lines: z.array(z.string()).optional(),
})

export const deployment = z.object({
  id: z.string(),
  serviceId: z.string(),
  service: z.string(),
  teamId: z.string(),
  environmentId: z.string(),
  environment: z.string(),
  kind: z.enum(['deploy', 'rollback', 'restart', 'scale', 'promote', 'pin']),
  /** The promotion that it is a part of, if any. */
  promotionId: z.string().nullable(),
  state: z.enum(deploymentStates),
  /** Short commit id. */
  revision: z.string(),
  commit: z.string(),
  message: z.string(),
  by: z.string(),
  /** Of a person, or of a machine; null: the platform did it by itself. */
  byId: z.string().nullable(),
  route: z.enum(['console', 'cli', 'git', 'platform']),
  createdAt: z.number(),
  endedAt: z.number().nullable(),
  /** From source fully received to live; null until it ended. */
  durationMs: z.number().nullable(),
  /** They follow each other without a gap: of one that has ended they add up to its duration. A promoted one waits for the others before it switches. */
  phases: z.array(
    z.object({
      name: z.enum(phases),
      startedAt: z.number(),
      ms: z.number().nullable(),
      parts: z.array(z.object({ name: z.enum(phaseParts), ms: z.number() })).optional(),
    }),
  ),
  error: deploymentError.nullable(),
  /** How its endpoints differ from those that it takes over from; null while that is not known. */
  endpointChanges: z.array(endpointChange).nullable(),
  /** It serves now. */
  current: z.boolean(),
  /** The deployment that served before it; what the diff is against. */
  previousId: z.string().nullable(),
  /** Commit that served before. */
  previousCommit: z.string().nullable(),
  /** Being watched after its switch until then; null when not. */
  watchedUntil: z.number().nullable(),
})
export type Deployment = z.infer<typeof deployment>

export const variable = z.object({
  name: z.string(),
  /** Null for secrets. */
  value: z.string().nullable(),
  secret: z.boolean(),
  /** Environment in which it is set; inherited when it is not the one looked at. */
  from: z.string(),
  /** The environment whose value this one hides here; null when there is none to go back to. */
  overrides: z.string().nullable(),
  /** A secret that environments below a protected one may have as well. */
  inheritable: z.boolean(),
  /** `removed`: left out here though a parent has it. `withheld`: a protected parent's secret, which own copies here must set. */
  state: z.enum(['set', 'removed', 'withheld']),
  updatedAt: z.number(),
  by: z.string(),
})
export type Variable = z.infer<typeof variable>

/** Something that changed; browsers patch what they show by it. */
export const platformEvent = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('service'),
    teamId: z.string(),
    serviceId: z.string(),
    environmentId: z.string().nullable(),
  }),
  z.object({ type: z.literal('deployment'), teamId: z.string(), deployment }),
  z.object({ type: z.literal('promotion'), teamId: z.string(), promotion }),
  z.object({ type: z.literal('environment'), teamId: z.string(), environmentId: z.string() }),
  z.object({ type: z.literal('team'), teamId: z.string() }),
  z.object({
    type: z.literal('draft'),
    teamId: z.string(),
    serviceId: z.string(),
    userId: z.string(),
    environmentId: z.string(),
    path: z.string().nullable(),
    by: z.string(),
  }),
  z.object({ type: z.literal('traffic'), teamId: z.string(), serviceIds: z.array(z.string()) }),
])
export type PlatformEvent = z.infer<typeof platformEvent>
