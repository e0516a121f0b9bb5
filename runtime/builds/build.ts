import type { Resolved } from '#contract/convention.ts'
import type { Manifest } from '#contract/manifest.ts'
import type { ServiceSettings } from '#contract/records.ts'
import type { PhasePart } from '#contract/states.ts'
import type { Bind } from '../engines/engine.ts'
import type { Trust } from './trust.ts'

/** A revision's tree made ready to run; immutable, and the same for every service with the same files in one trust class. */
export interface Build {
  id: string
  /** Hash of all that went into it. */
  key: string
  teamId: string
  /** The class that it is trusted as: see trust.ts. Absent: made before there were classes, and trusted by nobody. */
  trust?: string
  /** What runs it: node, python, go, … */
  language: Resolved['runtime']
  /** README's first paragraph; may be empty. */
  description: string
  /** Its code mentions M3O_DATA: one instance at a time, and a folder that persists. */
  keepsData: boolean
  manifest: Manifest
  /** What m3o.json says of the service's settings: wins over the console's. */
  settings: Partial<ServiceSettings>
  /** Its keys, which the console shows as locked. */
  locked: string[]
  health: string
  pids: number
  /** For the engine: see InstanceSpec. */
  sourceDir: string
  modulesDir?: string
  platformDir: string
  buildDir?: string
  binds: Bind[]
  command: string[]
  /** The module that Node starts, in the tree. */
  entry?: string
  /** The same command for an instance that is held: only where Node starts a module of the tree. */
  heldCommand?: string[]
  /** Hash of what Node and packages read of the tree before its own code runs, and keep: a held instance fits the same only. */
  readAhead: string
  /** Laid under the service's own variables; PORT, M3O_… are not among it. */
  env: Record<string, string>
  /** The tree, by its hash, whose files it has as they were committed: no tool has run among them. */
  committedTree?: string
  /** What was left out of the tree, such as links that lead out of it. */
  skipped: string[]
  /** Milliseconds since 1970. */
  madeAt: number
}

export interface BuildRequest {
  teamId: string
  /** Of the environment that it is for. */
  trust: Trust
  /** For whom, in what is logged: a build belongs to its team and tree, not to them. */
  serviceId: string
  environmentId: string
  name: string
  /** Hash of the tree, from git: same files, same hash. */
  treeHash: string
  /** Writes the tree into a folder that does not exist yet. */
  exportTree: (into: string) => Promise<{ skipped: string[] }>
  /** Each line that a tool prints while building, and what the platform says about it. */
  onLine?: (line: string) => void
  /** Each part of the work, as it ends, in milliseconds; none of what was built before. */
  onPart?: (part: PhasePart) => void
  /** Its reason is thrown. */
  signal?: AbortSignal
}

/** Of the settings that the console has too. */
export function settingsOf({ instances, memory, cpu, idle, health }: Manifest): Partial<ServiceSettings> {
  return {
    ...(instances && { min: instances.min, max: instances.max }),
    ...(memory !== undefined && { memoryMiB: memory }),
    ...(cpu !== undefined && { cpu }),
    ...(idle !== undefined && { idleMs: idle === 'never' ? null : idle }),
    ...(health !== undefined && { health }),
  }
}
