import { header } from '#contract/headers.ts'
import type { Hop } from '#contract/traces.ts'
import type { CallRequest } from './call.ts'
import type { Passage, Refusal } from './admission.ts'
import type { Environment } from './routes/entities.ts'
import type { RouteTable } from './routes/route-table.ts'

/** A call that was answered. */
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
    this.note({
      passage,
      traceparent,
      parent,
      method: request.method as string,
      servedBy: undefined,
      revision: undefined,
      status: passage.refused.status,
      at: Date.now(),
      ms: 0,
    })
  }

  /** Calls of one trace, in the order in which they began. */
  read(traceId: string, table: RouteTable): Hop[] {
    if (traceId.length !== traceLength) return []
    return [...this.followed.with(traceId, table), ...this.newest.with(traceId, table)].sort(
      (one, other) => one.at - other.at,
    )
  }
}

/** Of a call, as much as is an object or a word that lives long anyway. */
interface Slot {
  service: Passage['service']
  environment: Refusal['environment']
  choice: Passage['choice']
  countedAs: string
  method: string
  servedBy: Environment | undefined
  revision: string | undefined
  refusal: string | null
  status: number
  at: number
  ms: number
  /** Only one that is too long for its place among the texts. */
  path: string | undefined
}

/** Where a slot's text has the trace, the span, the caller's span, and the path. */
const [traceAt, spanAt, parentAt, pathAt, textSize] = [0, 32, 48, 64, 256]
const traceLength = spanAt - traceAt
const noParent = ' '.repeat(pathAt - parentAt)

/**
 * The last calls, in places that are used again and again: thousands a second are noted, and as things of their own all of them
 * would live just long enough to be taken for old, which is what makes collecting garbage expensive.
 */
class Ring {
  private readonly size: number
  private readonly slots: Slot[] = []
  private readonly texts: Buffer
  private next = 0

  constructor(size: number) {
    this.size = size
    this.texts = Buffer.alloc(size * textSize)
  }

  push({ passage, traceparent, parent, method, servedBy, revision, status, at, ms }: Carried): void {
    const { service, environment, choice, countedAs, path } = passage
    const refusal = 'refused' in passage ? passage.refused.message : null
    const trace = traceOf(traceparent)
    // One place is its end.
    const isLong = path.length >= textSize - pathAt
    const text = `${trace}${spanOf(traceparent)}${parent !== undefined && traceOf(parent) === trace ? spanOf(parent) : noParent}${isLong ? '' : path}`
    const begin = this.next * textSize
    this.texts[begin + this.texts.write(text, begin, 'latin1')] = 0
    const slot = this.slots[this.next]
    this.next = (this.next + 1) % this.size
    if (slot === undefined) {
      this.slots.push({
        service,
        environment,
        choice,
        countedAs,
        method,
        servedBy,
        revision,
        refusal,
        status,
        at,
        ms,
        path: isLong ? path : undefined,
      })
      return
    }
    slot.service = service
    slot.environment = environment
    slot.choice = choice
    slot.countedAs = countedAs
    slot.method = method
    slot.servedBy = servedBy
    slot.revision = revision
    slot.refusal = refusal
    slot.status = status
    slot.at = at
    slot.ms = ms
    slot.path = isLong ? path : undefined
  }

  with(traceId: string, table: RouteTable): Hop[] {
    return this.slots.flatMap((slot, index) => {
      const text = this.texts.toString('latin1', index * textSize, (index + 1) * textSize)
      return text.startsWith(traceId) ? [hopOf(slot, text, table)] : []
    })
  }
}

const traceOf = (traceparent: string): string => traceparent.slice(3, 35)
const spanOf = (traceparent: string): string => traceparent.slice(36, 52)

function hopOf(
  { service, environment, choice, countedAs, method, servedBy, revision, refusal, status, at, ms, path }: Slot,
  text: string,
  table: RouteTable,
): Hop {
  const caller = countedAs.startsWith('service/')
    ? (table.get('services', countedAs.slice(8))?.name ?? 'a deleted service')
    : (countedAs.split('/', 1)[0] ?? countedAs)
  const parent = text.slice(parentAt, pathAt)
  const whole = path ?? text.slice(pathAt).split('\0', 1)[0] ?? ''
  return {
    span: text.slice(spanAt, parentAt),
    parent: parent === noParent ? null : parent,
    team: { id: service.teamId, name: table.get('teams', service.teamId)?.name ?? '' },
    service: { id: service.id, name: service.name },
    caller,
    method,
    path: whole.split('?', 1)[0] ?? whole,
    environment: { id: environment.id, name: environment.name },
    choice,
    servedBy: servedBy === undefined ? null : { id: servedBy.id, name: servedBy.name },
    revision: revision ?? null,
    status,
    at,
    ms,
    refusal,
  }
}
