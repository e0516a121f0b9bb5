import { z } from 'zod'
import { type Api, call, stream } from './rpc.ts'
import { routingChange, routingTable } from './routing.ts'
import { hop } from './traces.ts'

/** Requests of one service in one environment, counted since the gateway started. */
const trafficCount = z.object({
  serviceId: z.string(),
  environmentId: z.string(),
  /** Who called: `person` of its own team, `person/{team id}` of another, `anyone`, or `service/{id}`. */
  caller: z.string(),
  requests: z.number(),
  errors: z.number(),
  /** Refused beyond the caller's limit; not among the requests. */
  limited: z.number().default(0),
  /** Requests by the first part of the path, as far as it could be an endpoint's name; `*` when there are too many of them. */
  endpoints: z.record(z.string(), z.number()).default({}),
  /** Latency histogram: count per bucket of {@link latencyBuckets}, the last one for all that took longer. */
  latency: z.array(z.number()),
  /** Of all of them together, in milliseconds to the answer's head. */
  totalMs: z.number(),
  /** How long calls have been under way, all of them together: over a time, its growth divided by that time is how many there were at once. Websockets apart. */
  busyMs: z.number().default(0),
  /** Under way just now. */
  inFlight: z.number().default(0),
  /** Milliseconds since the epoch of the newest one. */
  lastAt: z.number(),
})
export type TrafficCount = z.infer<typeof trafficCount>

/**
 * Calls that an instance made while it was answering calls of other environments, and that did not say to which of them
 * they belong; they were made in the instance's own. Counted since the gateway started.
 */
export const lostCount = z.object({
  /** Of the caller. */
  serviceId: z.string(),
  environmentId: z.string(),
  revision: z.string(),
  /** Which service it called. */
  calleeId: z.string(),
  /**
   * It did say to which one, which had been answered, while calls of other environments were: that goes on being worked for,
   * or the service has mistaken it for one of those.
   */
  late: z.boolean(),
  calls: z.number(),
  /** Tells this count from one of a gateway before. */
  firstAt: z.number(),
  lastAt: z.number(),
})
export type LostCount = z.infer<typeof lostCount>

/**
 * What is about to be written down, up to these counts. The gateway keeps it as a claim, and the runtime writes `save` in the
 * same transaction: whoever comes after a crash compares the two, and so nothing is written down twice or left out.
 */
const trafficClaim = z.object({
  save: z.string(),
  /** The last one that is known to be written; a claim of another name that was waiting has failed. */
  before: z.string().nullable(),
  counts: z.array(trafficCount),
})
export type TrafficClaim = z.infer<typeof trafficClaim>

const trafficNews = z.object({
  /** Of the gateway's process: with another one, all is counted from nothing. */
  run: z.string(),
  counts: z.array(trafficCount),
  lost: z.array(lostCount),
  /** When tokens were last used for a call, by their ids, in milliseconds since the epoch; those of which it has changed. */
  tokens: z.record(z.string(), z.number()).optional(),
  /** With the first ones: up to where they are written down, and up to where they may be. */
  saved: z.object({ counts: z.array(trafficCount), claim: trafficClaim.nullable() }).optional(),
})
export type TrafficNews = z.infer<typeof trafficNews>

/** Upper bounds, in milliseconds. */
export const latencyBuckets = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000] as const

/** What the runtime asks of the gateway, on `$M3O_HOME/run/gateway.sock`; it also answers `GET /health`. */
export const gatewayApi = {
  'routes.replace': call(routingTable, z.object({ version: z.number() })),
  /** Refused as `conflict` when the version does not follow the table's: then replace. */
  'routes.apply': call(routingChange, z.object({ version: z.number() })),
  'routes.version': call(z.object({}), z.object({ version: z.number(), epoch: z.string() })),
  /** Requests and sockets that are still under way to instances; 0 for one it does not know. */
  'instances.busy': call(
    z.object({ instanceIds: z.array(z.string()) }),
    z.record(z.string(), z.object({ requests: z.number(), sockets: z.number() })),
  ),
  /** Resolves when nothing is under way to the instance any more, or when the time is over: `timeoutMs` for calls; websockets are closed with 1012 after `closeSocketsAfterMs`, also when that is later. */
  'instances.drain': call(
    z.object({ instanceId: z.string(), timeoutMs: z.number(), closeSocketsAfterMs: z.number() }),
    z.object({ idle: z.boolean() }),
  ),
  /** Counters as they are, then again at most once a second when something changed. */
  'traffic.watch': stream(z.object({}), trafficNews),
  /** They are about to be written down: see {@link trafficClaim}. Of a gateway before (`run`) they are nothing to this one. */
  'traffic.saving': call(trafficClaim.extend({ run: z.string() }), z.object({ ok: z.literal(true) })),
  /** What a gateway that this one took over from has counted and told nobody. */
  'traffic.inherit': call(z.object({ counts: z.array(trafficCount) }), z.object({ ok: z.literal(true) })),
  /** The calls of a trace, while they are remembered: the newest thousands, longer those of a trace begun in the console or a shell. */
  'traces.read': call(z.object({ traceId: z.string() }), z.array(hop)),
  /** A single-use code with which a browser's session is handed to a service's host; valid for 30 s, in the browser whose nonce has the hash `state`. */
  'handover.create': call(
    z.object({ sessionId: z.string(), host: z.string(), state: z.string() }),
    z.object({ code: z.string() }),
  ),
} satisfies Api

/** Path on the gateway's own hosts that takes the code, `GET {service host}/_m3o/handover?code=…&to=/path`, or begins a sign-in when there is none. */
export const handoverPath = '/_m3o/handover'
