import { errorOf } from '#client/errors.ts'
import type { PlatformError } from '#contract/errors.ts'

/**
 * Keeps one file of a draft saved while somebody types in it. What was typed is in `copies` (this browser) until the
 * platform has it; a save names the hash that it began from, so a file that someone else changed is a conflict, and then
 * nothing is saved until the person has decided.
 */
export type SaveState =
  | { name: 'saved' }
  /** Changed; saved in a moment. */
  | { name: 'dirty' }
  | { name: 'saving' }
  /** The platform cannot be reached: the text is kept here, and tried again. */
  | { name: 'waiting'; error: PlatformError }
  /** Somebody else's text, or the same person's in another window, is there now; `hash` null when it was deleted. */
  | { name: 'conflict'; hash: string | null; error: PlatformError }
  /** The platform does not take it; tried again with the next change. */
  | { name: 'refused'; error: PlatformError }

export interface Clock {
  set(run: () => void, ms: number): unknown
  clear(timer: unknown): void
}

/** What was typed and not yet saved, with the hash that it began from. */
export interface Copy {
  text: string
  expected: string | null
}

export interface SaverOptions {
  text: string
  hash: string | null
  save(text: string, expected: string | null): Promise<{ hash: string }>
  keep(copy: Copy | null): void
  onChange(): void
  clock?: Clock
}

export const settleMs = 300
const firstRetryMs = 1_000
const lastRetryMs = 15_000
const passing = new Set([
  'unavailable',
  'timeout',
  'internal',
  'rate_limited',
  'gateway_timeout',
  'bad_gateway',
  'unauthenticated',
])
const realClock: Clock = { set: (run, ms) => setTimeout(run, ms), clear: (timer) => clearTimeout(timer as number) }

export class DraftSaver {
  readonly #with: SaverOptions
  readonly #clock: Clock
  #text: string
  #savedText: string
  #hash: string | null
  #state: SaveState = { name: 'saved' }
  #timer: unknown
  #saving: Promise<void> | undefined
  #retryMs = firstRetryMs
  #closed = false
  /** Counts saves that began: tells whether what was read meanwhile may be older. */
  #saves = 0

  constructor(options: SaverOptions) {
    this.#with = options
    this.#clock = options.clock ?? realClock
    this.#text = options.text
    this.#savedText = options.text
    this.#hash = options.hash
  }

  get state(): SaveState {
    return this.#state
  }
  get hash(): string | null {
    return this.#hash
  }
  get text(): string {
    return this.#text
  }
  get saves(): number {
    return this.#saves
  }
  /** The platform has all of it. */
  get isClean(): boolean {
    return this.#state.name === 'saved'
  }

  edit(text: string): void {
    if (text === this.#text) return
    this.#text = text
    this.#with.keep({ text, expected: this.#hash })
    if (this.#state.name === 'conflict') return
    if (this.#saving === undefined) this.#become({ name: 'dirty' })
    this.#later(settleMs)
  }

  /** Saves at once what there is, by what saves it together with something else if that is given. @throws PlatformError when not all of it could be saved */
  async flush(save?: SaverOptions['save']): Promise<void> {
    if (this.#state.name === 'conflict') throw this.#state.error
    await this.#saving
    if (this.#text !== this.#savedText) await this.#save(false, save)
    const { state } = this
    if (state.name === 'saved') return
    if (state.name === 'dirty' || state.name === 'saving') return this.flush()
    throw state.error
  }

  /** The conflict's answer: what is in the editor goes over what is there. */
  keepMine(): Promise<void> {
    if (this.#state.name !== 'conflict') return Promise.resolve()
    this.#hash = this.#state.hash
    this.#savedText = ''
    this.#with.keep({ text: this.#text, expected: this.#hash })
    this.#become({ name: 'dirty' })
    return this.#save(true)
  }

  /** What is on the platform is the text now: the conflict's other answer, or a change from elsewhere while nothing was typed. */
  take(text: string, hash: string | null): void {
    this.#cancel()
    this.#text = text
    this.#savedText = text
    this.#hash = hash
    this.#with.keep(null)
    this.#become({ name: 'saved' })
  }

  /** Goes on with what an earlier page could not save. */
  restore({ text, expected }: Copy): void {
    if (text === this.#savedText) return this.#with.keep(null)
    this.#text = text
    this.#hash = expected
    this.#become({ name: 'dirty' })
    this.#later(0)
  }

  close(): void {
    this.#closed = true
    this.#cancel()
  }

  #later(ms: number): void {
    this.#cancel()
    if (!this.#closed)
      this.#timer = this.#clock.set(() => {
        this.#timer = undefined
        void this.#save()
      }, ms)
  }

  #cancel(): void {
    if (this.#timer !== undefined) this.#clock.clear(this.#timer)
    this.#timer = undefined
  }

  #save(always = false, save = this.#with.save): Promise<void> {
    this.#cancel()
    return (this.#saving ??= this.#attempt(always, save).finally(() => {
      this.#saving = undefined
      // Typed while it was on its way.
      if (this.#state.name === 'saved' && this.#text !== this.#savedText) {
        this.#become({ name: 'dirty' })
        this.#later(settleMs)
      }
    }))
  }

  async #attempt(always: boolean, save: SaverOptions['save']): Promise<void> {
    const text = this.#text
    if (text === this.#savedText && !always) return this.#become({ name: 'saved' })
    this.#saves += 1
    this.#become({ name: 'saving' })
    try {
      const { hash } = await save(text, this.#hash)
      this.#hash = hash
      this.#savedText = text
      this.#retryMs = firstRetryMs
      this.#with.keep(this.#text === text ? null : { text: this.#text, expected: hash })
      this.#become({ name: 'saved' })
    } catch (caught) {
      this.#failed(errorOf(caught))
    }
  }

  #failed(error: PlatformError): void {
    if (error.code === 'conflict') {
      const hash = error.data?.['hash']
      return this.#become({ name: 'conflict', hash: typeof hash === 'string' ? hash : null, error })
    }
    if (!passing.has(error.code)) return this.#become({ name: 'refused', error })
    this.#become({ name: 'waiting', error })
    this.#later(this.#retryMs)
    this.#retryMs = Math.min(this.#retryMs * 2, lastRetryMs)
  }

  #become(state: SaveState): void {
    this.#state = state
    this.#with.onChange()
  }
}
