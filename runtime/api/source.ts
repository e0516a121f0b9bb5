import { eq, inArray } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import type { HandlerContext, Handlers } from '#contract/rpc-types.ts'
import type { runtimeApi } from '#contract/runtime-api.ts'
import type { FileChange, TreeRef } from '#contract/source.ts'
import { releases, users } from '#db/schema.ts'
import { buildAhead } from '../deployments/build-ahead.ts'
import { branchOf, environmentChain } from '../environments/environments.ts'
import { personOf } from '../people/person.ts'
import type { Platform } from '../platform.ts'
import { emptyTree } from '../source/objects.ts'

type Part = Pick<Handlers<typeof runtimeApi>, Extract<keyof typeof runtimeApi, `source.${string}`>>
type DraftInput = { serviceId: string; environmentId: string; userId: string }

export function sourceHandlers(platform: Platform): Part {
  const { source, db, disk } = platform

  async function keyOf(input: DraftInput) {
    const chain = await environmentChain(db, input.environmentId)
    return {
      serviceId: input.serviceId,
      userId: input.userId,
      environment: input.environmentId,
      branches: chain.map(branchOf),
    }
  }

  /** Whose room it takes. */
  const placeOf = ({ serviceId, environmentId }: DraftInput) => ({
    serviceId,
    teamId: platform.routing.table.environments[environmentId]?.teamId ?? '',
  })

  async function treeOf(serviceId: string, ref: TreeRef): Promise<string> {
    if ('commit' in ref) return ref.commit
    return (await source.drafts.open(await keyOf({ serviceId, ...ref.draft }))).tree
  }

  /** Says who changed what in a draft, to everyone who looks at it. */
  async function touched(input: DraftInput, path: string | null, { actor }: HandlerContext): Promise<void> {
    const { serviceId, userId, environmentId } = input
    platform.places.expectDeployment(input)
    void keyOf(input).then(
      (key) => buildAhead(platform, key),
      () => {},
    ) // an environment that has gone meanwhile
    platform.events.emit({
      type: 'draft',
      teamId: platform.routing.table.environments[environmentId]?.teamId ?? '',
      serviceId,
      userId,
      environmentId,
      path,
      by: actor.name,
    })
  }

  return {
    'source.tree': async ({ serviceId, ref }) => {
      const files = await source.trees.list({ serviceId, tree: await treeOf(serviceId, ref) })
      return files.map(({ path, kind, hash, size }) => ({
        path,
        hash,
        size,
        executable: kind === 'executable',
        kind: kind === 'link' ? 'symlink' : kind === 'module' ? 'submodule' : 'file',
      }))
    },
    'source.read': async ({ serviceId, ref, path }) => {
      const file = await source.trees.read({ serviceId, tree: await treeOf(serviceId, ref), path })
      return {
        path: file.path,
        hash: file.hash,
        size: file.size,
        text: file.text ?? null,
        binary: file.content === 'binary',
      }
    },
    'source.raw': async function* ({ serviceId, ref, path }) {
      const { stream } = await source.trees.stream({ serviceId, tree: await treeOf(serviceId, ref), path })
      for await (const chunk of stream) yield { base64: (chunk as Buffer).toString('base64') }
    },
    'source.status': async (input) => {
      const key = await keyOf(input)
      const [status, draft] = await Promise.all([source.drafts.status(key), source.drafts.open(key)])
      const changes =
        status.files.length === 0
          ? []
          : await source.history.diff({ serviceId: input.serviceId, from: draft.baseTree, to: draft.tree })
      return {
        base: status.base,
        head: status.head,
        changes: changes.map(shown),
        updatedAt: status.savedAt === null ? null : Date.parse(status.savedAt),
      }
    },
    'source.save': async (input, at) => {
      const key = await keyOf(input)
      const saved = await disk.storing(placeOf(input), () =>
        source.drafts.saveFile({ ...key, path: input.path, content: input.text, expectedHash: input.expected }),
      )
      await touched(input, input.path, at)
      return { hash: saved.hash }
    },
    'source.upload': async (input, at) => {
      const key = await keyOf(input)
      const saved = await disk.storing(placeOf(input), () =>
        source.drafts.upload({ ...key, path: input.path, stream: at.body, expectedHash: input.expected }),
      )
      await touched(input, input.path, at)
      return { hash: saved.hash, step: saved.step }
    },
    'source.move': async (input, at) => {
      const { step } = await source.drafts.move({ ...(await keyOf(input)), from: input.from, to: input.to })
      await touched(input, null, at)
      return { step }
    },
    'source.remove': async (input, at) => {
      const { step } = await source.drafts.remove({ ...(await keyOf(input)), path: input.path })
      await touched(input, null, at)
      return { step }
    },
    'source.revert': async (input, at) => {
      const { step } = await source.drafts.revert({
        ...(await keyOf(input)),
        ...(input.path !== null && { path: input.path }),
      })
      await touched(input, input.path, at)
      return { step }
    },
    'source.update': async (input, at) => {
      const { conflicts, step } = await source.drafts.update({ ...(await keyOf(input)), onConflict: input.onConflict })
      await touched(input, null, at)
      return { conflicts, step }
    },
    'source.steps': async (input) => {
      const key = await keyOf(input)
      const [steps, draft] = await Promise.all([source.drafts.history(key), source.drafts.open(key)])
      return steps.map(({ id, kind, path, from, time, base }) => ({
        id,
        kind,
        path,
        from,
        at: time * 1000,
        rebased: base !== draft.base,
      }))
    },
    'source.mark': async (input) => {
      const { step } = await source.drafts.mark({ ...(await keyOf(input)), kind: input.kind })
      return { step }
    },
    'source.restore': async (input, at) => {
      const { step } = await source.drafts.restore({ ...(await keyOf(input)), step: input.step, paths: input.paths })
      await touched(input, null, at)
      return { step }
    },
    'source.take': async (input, at) => {
      const { step } = await source.drafts.take({ ...(await keyOf(input)), commit: input.commit })
      await touched(input, null, at)
      return { step }
    },
    'source.history': async ({ serviceId, environmentId, before, limit, path }) => {
      const branches = (await environmentChain(db, environmentId)).map(branchOf)
      const from = before ?? (await source.branches.head({ serviceId, branches })).commit
      const page = await source.history.log({
        serviceId,
        from,
        limit,
        ...(before !== null && { skip: 1 }),
        ...(path !== undefined && { path }),
      })
      const serving = await db
        .select({ commit: releases.commit, environmentId: releases.environmentId })
        .from(releases)
        .where(eq(releases.serviceId, serviceId))
      const nameOf = (id: string) => platform.routing.table.environments[id]?.name
      return page.commits.map(({ commit, parents, message, author, time }) => ({
        commit,
        parents,
        message,
        author,
        at: Date.parse(time),
        liveIn: serving.flatMap((release) => (release.commit === commit ? (nameOf(release.environmentId) ?? []) : [])),
      }))
    },
    'source.diff': async ({ serviceId, from, to }) =>
      (await source.history.diff({ serviceId, from: from ?? emptyTree, to })).map(shown),
    'source.search': async ({ serviceId, ref, query, regex, caseSensitive, limit }, { signal }) => {
      const matches = []
      for await (const event of source.search({
        serviceId,
        tree: await treeOf(serviceId, ref),
        query,
        regex,
        caseSensitive,
        limit,
        signal,
      })) {
        if (event.type === 'end') return { matches, truncated: event.stopped !== undefined }
        const { type: _, ...match } = event
        matches.push(match)
      }
      return { matches, truncated: true }
    },
    'source.drafts': async ({ serviceId, environmentId }) => {
      const open = (await source.drafts.list({ serviceId })).filter((draft) => draft.environment === environmentId)
      const people =
        open.length === 0
          ? []
          : await db
              .select()
              .from(users)
              .where(
                inArray(
                  users.id,
                  open.map((draft) => draft.userId),
                ),
              )
      const drafts = await Promise.all(
        open.map(async ({ userId }) => {
          const user = people.find((person) => person.id === userId)
          const status = await source.drafts.status(await keyOf({ serviceId, environmentId, userId }))
          return user && status.files.length > 0
            ? [
                {
                  person: personOf(user),
                  updatedAt: Date.parse(status.savedAt ?? ''),
                  paths: status.files.map((file) => file.path),
                },
              ]
            : []
        }),
      )
      return drafts.flat()
    },
  }
}

function shown(change: {
  path: string
  status: string
  from?: string
  oldHash: string | null
  newHash: string | null
  binary: boolean
  added: number
  removed: number
}): FileChange {
  const { path, status, from = null, oldHash, newHash, binary, added, removed } = change
  return {
    path,
    change: status === 'type' ? 'modified' : (status as FileChange['change']),
    from,
    oldHash,
    newHash,
    binary,
    added,
    removed,
  }
}

/** For git over HTTP: the service's repository, or that there is none. */
export function serviceOfGitPath(path: string): { serviceId: string; rest: string } {
  const [, serviceId, rest] = /^\/git\/([^/]+)(\/.*)$/.exec(path) ?? []
  if (serviceId === undefined || rest === undefined)
    throw new PlatformError('not_found', 'this repository does not exist')
  return { serviceId, rest }
}
