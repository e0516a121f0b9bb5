import { isPlatformError } from '#contract/errors.ts'
import type { InstallPlan } from '../builds/dependencies.ts'
import type { Trust } from '../builds/trust.ts'

export type Install = (plan: InstallPlan, at: { teamId: string; trust: Trust }) => Promise<unknown>

export interface InstallState {
  state: 'installing' | 'installed' | 'failed'
  message?: string
  fix?: string
}

export interface Wish {
  plan: InstallPlan
  teamId: string
  trust: Trust
  tell(state: InstallState): void
  /** It is there now. */
  onInstalled(): void
}

/** While somebody types the name of a package, no half of it is asked for. */
const settleMs = 1_500

/**
 * Installs what drafts ask for before they are deployed: the editor has the types of a package as soon as it is in
 * package.json, and the build finds it there. One at a time, so that deployments have room.
 */
export class InstallAhead<Key extends object> {
  readonly #install: Install
  readonly #wishes = new Map<Key, { key: string; timer: NodeJS.Timeout }>()
  #before: Promise<void> = Promise.resolve()

  constructor(install: Install) {
    this.#install = install
  }

  /** Of one editor, the last wish counts; the same again changes nothing, also after it has failed. */
  want(editor: Key, wish: Wish | undefined): void {
    const known = this.#wishes.get(editor)
    if (known?.key === wish?.plan.key) return
    this.forget(editor)
    if (wish === undefined) return
    const { key } = wish.plan
    const timer = setTimeout(() => {
      const isWanted = () => this.#wishes.get(editor)?.key === key
      this.#before = this.#before.then(() => (isWanted() ? this.#fulfil(wish, isWanted) : undefined))
    }, settleMs).unref()
    this.#wishes.set(editor, { key, timer })
  }

  forget(editor: Key): void {
    clearTimeout(this.#wishes.get(editor)?.timer)
    this.#wishes.delete(editor)
  }

  async #fulfil({ plan, teamId, trust, tell, onInstalled }: Wish, isWanted: () => boolean): Promise<void> {
    tell({ state: 'installing' })
    try {
      await this.#install(plan, { teamId, trust })
      if (!isWanted()) return
      tell({ state: 'installed' })
      onInstalled()
    } catch (error) {
      const { message, fix } = isPlatformError(error)
        ? error
        : { message: 'the packages could not be installed', fix: undefined }
      if (isWanted()) tell({ state: 'failed', message, ...(fix !== undefined && { fix }) })
    }
  }
}
