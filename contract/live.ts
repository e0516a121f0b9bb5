import { z } from 'zod'
import type { ErrorBody } from './errors.ts'
import { logEntry, logFilter } from './logs.ts'
import { promotion } from './promotions.ts'
import { deployment, person, platformEvent } from './records.ts'

/**
 * The live socket (socket.io, path `livePath` of contract/live-socket.ts): one connection carries many subscriptions, each to one topic with its
 * own input and each authorized by itself. The client picks an id for each; everything about it carries that id.
 *
 * - client `subscribe(id, topic, input, ack)`; the ack says `{ok: true}` or `{ok: false, error}`
 * - server `items(id, items, ack)`: the next batch comes after the ack, so a slow reader is paused
 * - server `bytes(id, kind, bytes, ack)`: of topics `terminal` and `exec`; as above
 * - client `write(id, bytes, ack)`: input of a program; write the next one after the ack. Empty: end of input
 * - client `resize(id, size)`, `signal(id, name)`, `say(id, value)` (topic `presence`)
 * - server `end(id, error)`: nothing more comes; null when it ended by itself
 * - server `resync()`: events may have been missed (the runtime was away): fetch again what is shown
 * - server `signedOut()`: the session has ended; the connection closes
 */
export const terminalSize = z.object({
  cols: z.number().int().min(2).max(1000),
  rows: z.number().int().min(1).max(1000),
})
export type TerminalSize = z.infer<typeof terminalSize>

const ofTeam = z.object({ team: z.string() })
const inEnvironment = ofTeam.extend({ environment: z.string() })
const ofService = inEnvironment.extend({ service: z.string() })

const command = ofService.extend({
  instanceId: z.string().nullable().default(null),
  command: z.array(z.string().max(100_000)).max(1_000),
  /** A terminal of this size; null: stdout and stderr apart. */
  tty: terminalSize.nullable().default(null),
})

/** Somebody who looks at, or edits, a file. `socket` tells two tabs of one person apart. */
const presence = z.object({
  socket: z.string(),
  person,
  path: z.string().nullable(),
  editing: z.boolean(),
})
export type Presence = z.infer<typeof presence>

export const liveTopics = {
  /** What changes in a team: services, deployments, environments, members, drafts, traffic. `since`: how far a page knows of it, as that said when it was made. */
  team: { input: ofTeam.extend({ since: z.string().max(64).optional() }), item: platformEvent },
  /** One deployment: as it is, then each change, until it has ended. */
  deployment: { input: ofTeam.extend({ deploymentId: z.string() }), item: deployment },
  /** One promotion: as it is, then each change, until it has ended. */
  promotion: { input: ofTeam.extend({ promotionId: z.string() }), item: promotion },
  /** Lines of one or several services (empty: all of the environment), oldest first, then as they come. */
  logs: {
    input: inEnvironment.extend({
      services: z.array(z.string()).max(200),
      filter: logFilter.default({}),
      /** How many of the newest to begin with; unless `after` says where to go on. */
      last: z.number().int().min(0).max(10_000).default(200),
      /** Last `seq` seen, by `{service}/{environment}` as the lines say them. */
      after: z.record(z.string(), z.number().int().min(0)).optional(),
    }),
    item: logEntry,
  },
  /** Everybody at this service here; the whole list each time that it changes. */
  presence: { input: ofService, item: z.array(presence) },
  /** An open terminal (made by `terminals.open`): a snapshot that repaints the screen, then output. `bytes`, not `items`. */
  terminal: { input: ofService.extend({ terminalId: z.string() }), item: z.never() },
  /** A language server on one's own draft: its messages as items; `write` takes the editor's, as JSON, one a line. */
  language: { input: ofService, item: z.unknown() },
  /** A command in an instance's sandbox; ends with its instance or its caller. `bytes`, then one item: how it ended. */
  exec: { input: command, item: z.object({ exitCode: z.number().nullable(), signal: z.string().nullable() }) },
} as const

export type LiveTopic = keyof typeof liveTopics
export type LiveInput<T extends LiveTopic> = z.input<(typeof liveTopics)[T]['input']>
export type LiveItem<T extends LiveTopic> = z.output<(typeof liveTopics)[T]['item']>

const liveBytesKinds = ['output', 'error', 'snapshot'] as const
export type LiveBytesKind = (typeof liveBytesKinds)[number]

export const signalNames = ['SIGINT', 'SIGTERM', 'SIGKILL', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const
export type SignalName = (typeof signalNames)[number]

export type SubscribeAnswer = { ok: true } | { ok: false; error: ErrorBody }

export interface ClientToServer {
  subscribe(id: string, topic: LiveTopic, input: unknown, ack: (answer: SubscribeAnswer) => void): void
  unsubscribe(id: string): void
  write(id: string, bytes: Uint8Array, ack: () => void): void
  resize(id: string, size: TerminalSize): void
  signal(id: string, name: SignalName): void
  say(id: string, value: { path: string | null; editing: boolean }): void
}

export interface ServerToClient {
  items(id: string, items: unknown[], ack: () => void): void
  bytes(id: string, kind: LiveBytesKind, bytes: Uint8Array, ack: () => void): void
  end(id: string, error: ErrorBody | null): void
  resync(): void
  signedOut(): void
}
