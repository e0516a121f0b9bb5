import { header } from '#contract/headers.ts'
import type { Hop } from '#contract/traces.ts'
import type { CallRequest } from './call.ts'
import type { Passage, Refusal } from './admission.ts'
import type { Environment } from './routes/entities.ts'
import type { RouteTable } from './routes/route-table.ts'

/** A call that was answered. What people read of it is put together when somebody asks: thousands a second are noted. */
export interface Carried {
  passage: Passage | Refusal
  /** The gateway's own, and its caller's if that sent one. */
  traceparent: string
  parent: string | undefined
  method: string
  servedBy: Environment | undefined
  revision: string | undefined
  status: number
  at: number
  ms: number
}

const most = 8192
const mostFollowed = 256

/** The newest calls of all, and those of the traces that somebody began in order to look at them. */
export class Traces {
  private readonly newest = new Ring(most)
  private readonly followed = new Ring(most / 2)
  private readonly ids = new Set<string>()

  /** A person calls from the console or a shell: what comes of it is not to be pushed out by others' calls. */
  follow(traceparent: string): void {
    const id = traceOf(traceparent)
    if (this.ids.size >= mostFollowed) this.ids.delete(this.ids.values().next().value as string)
    this.ids.add(id)
  }

  note(carried: Carried): void {
    const isFollowed = this.ids.size > 0 && this.ids.has(traceOf(carried.traceparent))
    ;(isFollowed ? this.followed : this.newest).push(carried)
  }

  /** The gateway itself answered it. */
  noteRefused(passage: Refusal, request: CallRequest, traceparent: string): void {
    const parent = request.headers[header.traceparent] as string | undefined
    this.note({ passage, traceparent, parent, method: request.method as string, servedBy: undefined, revision: undefined, status: passage.refused.status, at: Date.now(), ms: 0 })
  }

  /** Calls of one trace, in the order in which they began. */
  read(traceId: string, table: RouteTable): Hop[] {
    return [...this.followed.with(traceId), ...this.newest.with(traceId)]
      .map((carried) => hopOf(carried, table))
      .sort((one, other) => one.at - other.at)
  }
}

class Ring {
  private readonly items: Carried[] = []
  private next = 0
  private readonly size: number

  constructor(size: number) {
    this.size = size
  }

  push(item: Carried): void {
    this.items[this.next] = item
    this.next = (this.next + 1) % this.size
  }

  with(traceId: string): Carried[] {
    return this.items.filter(({ traceparent }) => traceOf(traceparent) === traceId)
  }
}

const traceOf = (traceparent: string): string => traceparent.slice(3, 35)
const spanOf = (traceparent: string): string => traceparent.slice(36, 52)

function hopOf({ passage, traceparent, parent, method, servedBy, revision, status, at, ms }: Carried, table: RouteTable): Hop {
  const { service, environment, path, countedAs, choice } = passage
  const caller = countedAs.startsWith('service/') ? (table.get('services', countedAs.slice(8))?.name ?? 'a deleted service') : countedAs.split('/', 1)[0] ?? countedAs
  return {
    span: spanOf(traceparent), parent: parent !== undefined && traceOf(parent) === traceOf(traceparent) ? spanOf(parent) : null,
    team: { id: service.teamId, name: table.get('teams', service.teamId)?.name ?? '' },
    service: { id: service.id, name: service.name }, caller, method, path: path.split('?', 1)[0] ?? path,
    environment: { id: environment.id, name: environment.name }, choice,
    servedBy: servedBy === undefined ? null : { id: servedBy.id, name: servedBy.name }, revision: revision ?? null, status, at, ms,
    refusal: 'refused' in passage ? passage.refused.message : null,
  }
}
