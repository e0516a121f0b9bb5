import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { openCgroups } from './cgroup.ts'
import { resolvers } from './link.ts'
import { removeNetworks } from './networks.ts'
import { claimSlot, goneInstallations, releaseBlocks } from './registry.ts'
import { sandboxHome } from './sandbox.ts'

export interface Team {
  uid: number
  gid: number
  folder: string
}

interface TeamsOptions {
  home: string
  installation: string
  root: boolean
  /** Services have networks of their own. */
  ownNetworks: boolean
}

/** Users of teams, each made once and at the first need. */
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
    const made = this.#queue.then(() => this.#make(teamId))
    this.#queue = made.catch(() => {})
    this.#ready.set(teamId, made)
    made.catch(() => this.#ready.delete(teamId))
    return made
  }

  async #make(teamId: string): Promise<Team> {
    const { home, installation, root, ownNetworks } = this.#options
    const folder = `${home}/teams/${teamId}`
    if (!root) {
      const { uid, gid } = userInfo()
      writeIdentity(folder, { uid, gid, ownNetworks: false })
      return { uid, gid, folder }
    }
    // Before their user ids and addresses are given to others nothing of theirs may run.
    for (const gone of await goneInstallations()) await endInstallation(gone)
    const { uid } = await claimSlot({ installation, home, team: teamId })
    writeIdentity(folder, { uid, gid: uid, ownNetworks })
    return { uid, gid: uid, folder }
  }
}

async function endInstallation(installation: string): Promise<void> {
  const cgroups = openCgroups(installation)
  for (const name of cgroups?.names() ?? []) await cgroups?.remove(name)
  await cgroups?.destroy()
  await removeNetworks(installation)
  await releaseBlocks(installation)
}

/** Programs ask who they are; the machine's own users are none of their business. */
function writeIdentity(
  folder: string,
  { uid, gid, ownNetworks }: { uid: number; gid: number; ownNetworks: boolean },
): void {
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  const others = 'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n'
  put(
    `${folder}/passwd`,
    `root:x:0:0:root:/nonexistent:/bin/sh\nservice:x:${uid}:${gid}::${sandboxHome}:/bin/bash\n${others}`,
  )
  put(`${folder}/group`, `root:x:0:\nservice:x:${gid}:\nnogroup:x:65534:\n`)
  // A resolver on the machine's own loopback, such as systemd's, cannot be reached from a service's network.
  const reachable = ownNetworks ? resolvers() : []
  const rest = reachable.length > 0 ? /^(search|options) .*$/gm : /^.*$/gm
  const machine = existsSync('/etc/resolv.conf') ? readFileSync('/etc/resolv.conf', 'utf8') : ''
  put(
    `${folder}/resolv.conf`,
    [...reachable.map((each) => `nameserver ${each}`), ...(machine.match(rest) ?? []), ''].join('\n'),
  )
}

/** Replaced, not rewritten: running sandboxes keep the one that they have. */
function put(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o644 })
  renameSync(`${path}.new`, path)
}
