import { type ErrorBody, PlatformError } from '#contract/errors.ts'
import { type LiveTopic, liveTopics } from '#contract/live.ts'
import { isAccessLost } from '../access-lost.ts'
import { authorize, type Names } from '../authorize.ts'
import { bodyOfFailure } from '../http/answer.ts'
import type { Viewer } from '../web.ts'
import type { Inlet, Place, Running, Sink } from './subscription.ts'
import { topics } from './topics.ts'

interface Options extends Pick<Place, 'web' | 'events' | 'presence' | 'socketId'> {
  viewer: () => Viewer
  /** How many subscriptions this person has on all sockets. */
  ofPerson: () => number
  sink: (id: string) => Sink
  end: (id: string, error: ErrorBody | null) => void
}

interface Open {
  topic: LiveTopic
  names: Names
  stop: AbortController
  running: Running | undefined
}

/** Of one socket. */
const most = 200
/** Of all sockets of one person. */
const mostOfPerson = 600
/** Of those that keep a program or a log's lines for a client that may not read. */
const mostOfTopic: Partial<Record<LiveTopic, number>> = { logs: 10, language: 10, terminal: 20, exec: 20, presence: 20 }

/** What one socket is subscribed to. */
export class Subscriptions {
  readonly #with: Options
  readonly #open = new Map<string, Open>()
  /** Being opened, also those that were closed meanwhile. */
  readonly #opening: LiveTopic[] = []

  constructor(options: Options) {
    this.#with = options
  }

  /** @throws PlatformError as the topic refuses; nothing is open then */
  async open(id: string, name: LiveTopic, given: unknown): Promise<void> {
    if (this.#open.has(id)) throw new PlatformError('conflict', 'this id is in use')
    if (this.#open.size >= most)
      throw new PlatformError('rate_limited', `a connection is limited to ${most} subscriptions`)
    if (this.#with.ofPerson() >= mostOfPerson)
      throw new PlatformError('rate_limited', `a person is limited to ${mostOfPerson} subscriptions`, {
        fix: 'Close some tabs.',
      })
    const mostHere = mostOfTopic[name] ?? most
    const opened = [...this.#open.values()].filter(({ topic }) => topic === name)
    if (Math.max(opened.length, this.#opening.filter((topic) => topic === name).length) >= mostHere)
      throw new PlatformError('rate_limited', `a connection is limited to ${mostHere} subscriptions to ${name}`)
    const parsed = liveTopics[name].input.safeParse(given)
    if (!parsed.success) {
      const [issue] = parsed.error.issues
      throw new PlatformError('bad_request', issue?.message ?? 'the input is invalid', {
        field: issue?.path.join('.') ?? '',
      })
    }
    const stop = new AbortController()
    const open: Open = { topic: name, names: namesOf(parsed.data), stop, running: undefined }
    this.#open.set(id, open)
    this.#opening.push(name)
    try {
      const { web, events, presence, socketId } = this.#with
      const start = topics[name].start as (place: Place, input: unknown) => Promise<Running>
      open.running = await start(
        {
          web,
          events,
          presence,
          socketId,
          viewer: this.#with.viewer(),
          sink: this.#with.sink(id),
          signal: stop.signal,
        },
        parsed.data,
      )
    } catch (error) {
      this.#open.delete(id)
      stop.abort()
      throw error
    } finally {
      this.#opening.splice(this.#opening.indexOf(name), 1)
    }
    open.running.done.then(
      () => this.#ended(id, open, null),
      (error: unknown) => this.#ended(id, open, error),
    )
  }

  get size(): number {
    return this.#open.size
  }

  inlet(id: string): Inlet | undefined {
    return this.#open.get(id)?.running
  }

  close(id: string): void {
    const open = this.#open.get(id)
    this.#open.delete(id)
    open?.stop.abort()
  }

  closeAll(): void {
    for (const id of [...this.#open.keys()]) this.close(id)
  }

  /** Ends those that the viewer may not have any more. */
  async recheck(): Promise<void> {
    for (const [id, open] of [...this.#open]) {
      const { action, listing } = topics[open.topic]
      try {
        await authorize(this.#with.web, this.#with.viewer(), action, open.names, { listing: listing ?? false })
      } catch (error) {
        if (isAccessLost(error)) this.#ended(id, open, error)
      }
    }
  }

  #ended(id: string, open: Open, error: unknown): void {
    if (this.#open.get(id) !== open) return
    this.#open.delete(id)
    open.stop.abort()
    this.#with.end(id, error === null ? null : bodyOfFailure(this.#with.web, error, `live ${open.topic}`))
  }
}

const namesOf = ({ team, environment, service }: { team: string; environment?: string; service?: string }): Names => ({
  team,
  ...(environment !== undefined && { environment }),
  ...(service !== undefined && { service }),
})
