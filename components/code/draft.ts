import type { TRPCClient } from '@trpc/client'
import { type OfService, paths } from '#client/paths.ts'
import { errorFromBody } from '#contract/errors.ts'
import type { DraftStepKind, OnConflict, SourceFile } from '#contract/source.ts'
import type { AppRouter } from '#server/router.ts'

export type Draft = ReturnType<typeof draftOf>

/** Tells drafts apart in what this browser keeps. */
export const draftName = (personId: string, { team, environment, service }: OfService): string =>
  `${personId} ${team}/${environment}/${service}`

/** One's own draft of a service in an environment, on the platform. */
export function draftOf(client: TRPCClient<AppRouter>, at: OfService) {
  const mine = { ...at, ref: { draft: true as const } }
  return {
    read: (path: string): Promise<SourceFile> => client.source.read.query({ ...mine, path }),
    readCommit: (commit: string, path: string): Promise<SourceFile> =>
      client.source.read.query({ ...at, ref: { commit }, path }),
    save: (path: string, text: string, expected: string | null) =>
      client.source.save.mutate({ ...at, path, text, expected }),
    move: (from: string, to: string) => client.source.move.mutate({ ...at, from, to }),
    remove: (path: string) => client.source.remove.mutate({ ...at, path }),
    revert: (path: string | null) => client.source.revert.mutate({ ...at, path }),
    mark: (kind: Extract<DraftStepKind, 'replace' | 'upload'>) => client.source.mark.mutate({ ...at, kind }),
    /** Paths, or with null all of the draft, as they were before a step. */
    restore: (step: string, paths: string[] | null) => client.source.restore.mutate({ ...at, step, paths }),
    /** The draft becomes what a commit is. */
    take: (commit: string) => client.source.take.mutate({ ...at, commit }),
    update: (onConflict: OnConflict) => client.source.update.mutate({ ...at, onConflict }),
    bytes: async (path: string, commit?: string): Promise<Blob> => {
      const answer = await fetch(paths.rawFile(at, { path, ...(commit !== undefined && { commit }) }))
      if (!answer.ok) throw errorFromBody(await answer.json().catch(() => ({})))
      return answer.blob()
    },
    search: (input: { query: string; regex: boolean; caseSensitive: boolean }, signal: AbortSignal) =>
      client.source.search.query({ ...mine, ...input }, { signal }),
    async upload(path: string, file: Blob, expected: string | null): Promise<{ step: string }> {
      const answer = await fetch(paths.uploadFile(at, { path, expected }), { method: 'PUT', body: file })
      if (!answer.ok) throw errorFromBody(await answer.json().catch(() => ({})))
      return (await answer.json()) as { step: string }
    },
    download: (path: string) => paths.rawFile(at, { path }),
  }
}
