import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import type { TeamNetwork } from '../engine.ts'
import { openCgroups } from './cgroup.ts'
import type { TeamLink } from './network.ts'
import { freeNetworks, resolvers, TeamNetworks } from './network.ts'
import { claimSlot, goneInstallations, slotsOf } from './registry.ts'
import { sandboxHome } from './sandbox.ts'

export interface Team extends TeamNetwork {
  uid: number
  gid: number
  folder: string
  link: TeamLink | undefined
}

interface TeamsOptions {
  home: string
  installation: string
  root: boolean
  networks: TeamNetworks | undefined
}

/** Users and networks of teams, each made once and at the first need. */
export class Teams {
  readonly #options: TeamsOptions
  readonly #ready = new Map<string, Promise<Team>>()
  #queue: Promise<unknown> = Promise.resolve()

  constructor(options: TeamsOptions) {
    this.#options = options
  }

  prepare(teamId: string): Promise<Team> {
    const known = this.#ready.get(teamId)
    if (known) return known
    // One after the other: they share the rules.
    const made = this.#queue.then(() => this.#make(teamId))
    this.#queue = made.catch(() => {})
    this.#ready.set(teamId, made)
    made.catch(() => this.#ready.delete(teamId))
    return made
  }

  /** Takes down the networks of all but these. */
  async keep(teamIds: ReadonlySet<string>): Promise<void> {
    const work = this.#queue.then(async () => {
      for (const id of this.#ready.keys()) if (!teamIds.has(id)) this.#ready.delete(id)
      const slots = await slotsOf(this.#options.installation)
      await this.#options.networks?.keep(slots.filter((slot) => teamIds.has(slot.team)))
    })
    this.#queue = work.catch(() => {})
    await work
  }

  async refreshWays(): Promise<void> {
    const work = this.#queue.then(() => this.#options.networks?.writeRules())
    this.#queue = work.catch(() => {})
    await work
  }

  async #make(teamId: string): Promise<Team> {
    const { home, installation, root, networks } = this.#options
    const folder = `${home}/teams/${teamId}`
    if (!root) {
      const { uid, gid } = userInfo()
      writeIdentity(folder, { uid, gid, ownNetwork: false })
      return { uid, gid, folder, link: undefined, gatewayAddress: '127.0.0.1', instanceAddress: '127.0.0.1' }
    }
    // Before their user ids are given to others nothing of theirs may run.
    for (const gone of await goneInstallations()) await endInstallation(gone)
    const isFree = networks ? await freeNetworks() : () => true
    const slot = await claimSlot({ installation, home, team: teamId }, isFree)
    writeIdentity(folder, { uid: slot.uid, gid: slot.uid, ownNetwork: networks !== undefined })
    const link = networks && (await networks.ensure(slot))
    const addresses = { gatewayAddress: link?.gateway ?? '127.0.0.1', instanceAddress: link?.instance ?? '127.0.0.1' }
    return { uid: slot.uid, gid: slot.uid, folder, link, ...addresses }
  }
}

async function endInstallation(installation: string): Promise<void> {
  const cgroups = openCgroups(installation)
  for (const name of cgroups?.names() ?? []) await cgroups?.remove(name)
  await cgroups?.destroy()
  await new TeamNetworks({ installation, gatewayPort: 0, permitted: [], wayOf: () => ({ mode: 'none' }) }).keep([])
}

/** Programs ask who they are; the machine's own users are none of their business. */
function writeIdentity(folder: string, { uid, gid, ownNetwork }: { uid: number; gid: number; ownNetwork: boolean }): void {
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  const others = 'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n'
  put(`${folder}/passwd`, `root:x:0:0:root:/nonexistent:/bin/sh\nservice:x:${uid}:${gid}::${sandboxHome}:/bin/bash\n${others}`)
  put(`${folder}/group`, `root:x:0:\nservice:x:${gid}:\nnogroup:x:65534:\n`)
  // A resolver on the machine's own loopback, such as systemd's, cannot be reached from a team's network.
  const reachable = ownNetwork ? resolvers() : []
  const rest = reachable.length > 0 ? /^(search|options) .*$/gm : /^.*$/gm
  const machine = existsSync('/etc/resolv.conf') ? readFileSync('/etc/resolv.conf', 'utf8') : ''
  put(`${folder}/resolv.conf`, [...reachable.map((each) => `nameserver ${each}`), ...(machine.match(rest) ?? []), ''].join('\n'))
}

/** Replaced, not rewritten: running sandboxes keep the one that they have. */
function put(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o644 })
  renameSync(`${path}.new`, path)
}
