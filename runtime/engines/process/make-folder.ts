import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { InstanceSpec } from '../engine.ts'
import { copyTree, handOver, isOwned } from './copy.ts'
import { bootId } from './identity.ts'
import type { InstanceFolders, InstanceRecord } from './record.ts'
import { hostname } from './sandbox.ts'
import type { Team } from './team.ts'

/** What an instance has for itself on disk, before anything runs in it: its record, app, home, tmp and hosts. */
export async function makeFolder(
  spec: InstanceSpec,
  team: Team,
  folder: string,
  { folders, root, namespace }: { folders: InstanceFolders; root: boolean; namespace: string | undefined },
): Promise<InstanceRecord> {
  const { uid, gid } = team
  const owner = root ? { uid, gid } : undefined
  mkdirSync(folder, { mode: 0o700 })
  const record: InstanceRecord = { id: spec.id, teamId: spec.teamId, bootId: bootId(), uid, gid }
  if (namespace !== undefined) record.namespace = namespace
  folders.write(record)
  for (const name of ['app', 'home', 'tmp']) {
    mkdirSync(`${folder}/${name}`, { mode: 0o700 })
    if (owner) chownSync(`${folder}/${name}`, uid, gid)
  }
  chmodSync(`${folder}/tmp`, 0o1777)
  await copyTree(spec.sourceDir, `${folder}/app`, owner)
  if (spec.held) {
    mkdirSync(`${folder}/build`, { mode: 0o755 })
    if (spec.buildDir) await copyTree(spec.buildDir, `${folder}/build`, undefined)
  }
  // A link of this name in the source would be followed by the mount; so would a file be in its way.
  if (spec.modulesDir) rmSync(`${folder}/app/node_modules`, { recursive: true, force: true })
  writeFileSync(
    `${folder}/hosts`,
    `${readFileSync('/etc/hosts', 'utf8').trimEnd()}\n127.0.0.1 ${hostname(spec.name)}\n`,
    { mode: 0o644 },
  )
  mkdirSync(spec.logDir, { recursive: true, mode: 0o700 })
  for (const bind of [...(spec.binds ?? []).filter((each) => each.writable).map((each) => each.host), spec.dataDir]) {
    if (bind === undefined) continue
    mkdirSync(bind, { recursive: true })
    if (!isOwned(bind, owner)) await handOver(bind, owner)
  }
  return record
}
