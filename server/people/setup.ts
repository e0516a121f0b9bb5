import { timingSafeEqual, createHash } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { PlatformError } from '#contract/errors.ts'
import type { RpcClient } from '#contract/rpc-client.ts'
import type { RuntimeApi } from '#contract/runtime-api.ts'
import type { Person } from '#contract/records.ts'
import { actorOf } from './changes.ts'
import { emailAddress, newPassword } from './inputs.ts'
import type { NewPerson, People } from './people.ts'

export interface SetupOptions {
  people: People
  runtime: Pick<RpcClient<RuntimeApi>, 'call'>
  /** Written by the parent, mode 0600, while there is nobody. */
  codeFile: string
  samples: boolean
}

/** The first person: owner of the first team and operator. Made by a one-time link, or unattended from the settings. */
export class Setup {
  readonly #with: SetupOptions

  constructor(options: SetupOptions) {
    this.#with = options
  }

  async isNeeded(): Promise<boolean> {
    return (await this.#with.people.count()) === 0
  }

  /** Constant in time; the file is gone once the code was used. @throws PlatformError `forbidden` */
  async checkCode(code: string): Promise<void> {
    const expected = await readFile(this.#with.codeFile, 'utf8').then(
      (text) => text.trim(),
      () => '',
    )
    const digest = (text: string) => createHash('sha256').update(text).digest()
    if (expected !== '' && timingSafeEqual(digest(expected), digest(code.trim()))) return
    throw new PlatformError('forbidden', 'this setup link is invalid or has expired', {
      field: 'code',
      fix: 'Use the link that the server printed when it started, or restart it for a new link.',
    })
  }

  /** @throws PlatformError `forbidden` (code), `not_in_this_state` (somebody is there already) */
  async run(code: string, given: Omit<NewPerson, 'operator'>): Promise<{ person: Person; team: string }> {
    if (!(await this.isNeeded()))
      throw new PlatformError('not_in_this_state', 'this installation is already set up', { fix: 'Sign in.' })
    await this.checkCode(code)
    const made = await this.#createFirst({ ...given, password: newPassword(given.password) })
    await rm(this.#with.codeFile, { force: true })
    return made
  }

  /** From M3O_ADMIN_EMAIL and M3O_ADMIN_PASSWORD; does nothing once there is anybody. */
  async unattended(email: string, password: string): Promise<boolean> {
    if (!(await this.isNeeded())) return false
    const address = emailAddress.parse(email)
    await this.#createFirst({ email: address, name: address.split('@')[0] ?? address, password })
    await rm(this.#with.codeFile, { force: true })
    return true
  }

  async #createFirst(given: Omit<NewPerson, 'operator'>): Promise<{ person: Person; team: string }> {
    // A person without a team is a dead end: better refuse while the runtime is away.
    await this.#with.runtime.call('platform.status', {})
    const person = await this.#with.people.createFirst({ ...given, operator: true, emailVerified: true })
    return { person, team: await this.#createTeam(person) }
  }

  async #createTeam(person: Person): Promise<string> {
    const actor = actorOf(person)
    // The runtime made the team, without an owner, at its first start: this adopts it.
    const team = await this.#with.runtime.call(
      'teams.create',
      { name: firstTeam, ownerId: person.id, samples: this.#with.samples },
      { actor },
    )
    return team.name
  }
}

const firstTeam = 'demo'
