import { PlatformError } from '#contract/errors.ts'
import type { PhasePart } from '#contract/states.ts'
import type { Build, BuildRequest } from '../builds/builds.ts'
import type { Trust } from '../builds/trust.ts'
import type { At } from '../instances/place.ts'
import type { Platform } from '../platform.ts'
import type { DeploymentRow } from './record.ts'

interface RevisionInput {
  service: string
  trust: Trust
  signal?: AbortSignal
  parts?: PhasePart[]
  /** Comes first in its output. */
  note?: string
}

/** The build of a deployment's revision, with its output in the service's log; `parts` gets what took its time. */
export async function buildRevision(platform: Platform, row: DeploymentRow, asked: RevisionInput): Promise<Build> {
  const build = await buildTree(platform, row, asked)
  if (asked.signal?.aborted)
    throw asked.signal.reason instanceof PlatformError
      ? asked.signal.reason
      : new PlatformError('cancelled', 'it was cancelled')
  return build
}

/** As a deployment's, for what is none. */
export async function buildTree(
  platform: Platform,
  row: Pick<DeploymentRow, 'teamId' | 'serviceId' | 'environmentId' | 'commit'>,
  { service, trust, signal, parts, note }: RevisionInput,
): Promise<Build> {
  const { source, builds } = platform
  const revision = row.commit.slice(0, 7)
  const tree = await source.trees.of({ serviceId: row.serviceId, commit: row.commit })
  const output = lineWriter(platform, row, revision)
  if (note !== undefined) output.write(note)
  const build = await builds
    .build({
      teamId: row.teamId,
      trust,
      serviceId: row.serviceId,
      environmentId: row.environmentId,
      name: service,
      treeHash: tree.treeHash,
      exportTree: exportOf(platform, row, row.commit),
      onLine: output.write,
      onPart: (part) => void parts?.push(part),
      ...(signal && { signal }),
    })
    .finally(output.end)
  return build
}

/** How a revision gets into a build's folder: what is as it is in the one that serves is not written again. */
export function exportOf(
  { source, places }: Pick<Platform, 'source' | 'places'>,
  { serviceId, environmentId }: At,
  commit: string,
): BuildRequest['exportTree'] {
  return (into) => {
    const serving = places.get({ serviceId, environmentId })?.plan.build
    // Of before there were trust classes, tools may have run among its files after all.
    const like =
      serving?.committedTree === undefined || serving.trust === undefined
        ? undefined
        : { folder: serving.sourceDir, tree: serving.committedTree }
    return source.trees.export({ serviceId, commit, into, like })
  }
}

/** Stores lines in order, many at a time when they come fast. */
function lineWriter({ logs, log }: Platform, row: At, revision: string) {
  let pending: string[] = []
  let writing: Promise<unknown> = Promise.resolve()
  const flush = () => {
    if (pending.length === 0) return
    const lines = pending.map((text) => ({ stream: 'build' as const, text, revision }))
    pending = []
    writing = writing
      .then(() => logs.append(row, lines))
      .catch((error: unknown) => log.error({ err: error }, 'lines of a build could not be stored'))
  }
  return {
    write: (line: string) => {
      if (pending.push(line) === 1) setImmediate(flush)
    },
    end: async () => {
      flush()
      await writing
    },
  }
}
