import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { createContext, useContext, useMemo, useSyncExternalStore } from 'react'
import type { OfService } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import type { Deployment } from '#contract/records.ts'
import type { TreeEntry } from '#contract/source.ts'
import type { Documents } from './documents.ts'
import type { Draft } from './draft.ts'
import { compareTrees, type TreeChange } from './compare-trees.ts'
import type { LanguageClient } from './language/client.ts'
import type { Workspace } from './workspace.ts'

/** The parts of the editor of one draft, made once and shared by everything on the screen. */
export interface Ide {
  at: OfService
  draft: Draft
  documents: Documents
  workspace: Workspace
  language: LanguageClient
  /** Why nothing may be changed; null when it may. */
  readOnly: string | null
}

export const IdeContext = createContext<Ide | null>(null)

export function useIde(): Ide {
  const ide = useContext(IdeContext)
  if (ide === null) throw new Error('outside of the editor')
  return ide
}

/** Files of the draft. */
export function useTree(): readonly TreeEntry[] {
  const { at } = useIde()
  return useSuspenseQuery(useTRPC().source.tree.queryOptions({ ...at, ref: { draft: true } })).data
}

export function useStatus() {
  const { at } = useIde()
  return useSuspenseQuery(useTRPC().source.status.queryOptions(at)).data
}

/** The deployments of what is live here, newest first; null when nothing is. */
function useDeploymentsHere() {
  const { at } = useIde()
  const trpc = useTRPC()
  const { from } = useSuspenseQuery(trpc.services.get.queryOptions(at)).data
  const { data } = useQuery(
    trpc.deployments.list.queryOptions({
      team: at.team,
      service: at.service,
      environment: from ?? at.environment,
      limit: 50,
    }),
  )
  return from === null ? null : data
}

/** The commit that serves in this environment; null when nothing does. */
export function useLiveCommit(): string | null | undefined {
  const all = useDeploymentsHere()
  return all && (all.find(({ current }) => current)?.commit ?? null)
}

/** The deployment by which an earlier commit is live than the one that the draft is based on: a rollback, or a revert. */
export function useWentBack(): Deployment | undefined {
  const all = useDeploymentsHere()
  const { base } = useStatus()
  const live = all?.find(({ current }) => current)
  if (live === undefined || live.commit === base) return undefined
  return live.kind === 'rollback' || all?.some(({ commit, state }) => state === 'reverted' && commit === base)
    ? live
    : undefined
}

/** What was changed in the draft, against what serves here; before the first deployment, all that is not committed. `others`: what differs too, and was not changed in the draft. */
export function useChanges(): {
  against: string | null
  changes: readonly TreeChange[]
  others: readonly TreeChange[]
} {
  const { at } = useIde()
  const tree = useTree()
  const status = useStatus()
  const live = useLiveCommit()
  const against = live === undefined ? null : (live ?? status.base)
  const { data: base } = useQuery({
    ...useTRPC().source.tree.queryOptions({ ...at, ref: { commit: against ?? '' } }),
    enabled: against !== null,
  })
  return useMemo(() => {
    const drafted = new Set(status.changes.flatMap(({ path, from }) => (from === null ? [path] : [path, from])))
    const all = base === undefined ? [] : compareTrees(base, tree)
    return {
      against,
      changes: all.filter(({ path }) => drafted.has(path)),
      others: all.filter(({ path }) => !drafted.has(path)),
    }
  }, [against, base, tree, status.changes])
}

/** Draws again whenever a document's state changes. */
export function useDocuments(): Documents {
  const { documents } = useIde()
  useSyncExternalStore(documents.subscribe, documents.version, documents.version)
  return documents
}

/** How saving stands, for all files together. */
export function spokenState(documents: Documents): string {
  const names = new Set(documents.all().map(({ saver }) => saver.state.name))
  if (names.has('conflict')) return 'A file was changed by someone else'
  if (names.has('refused')) return 'A file could not be saved'
  if (names.has('waiting')) return 'Not saved yet: stored in this browser'
  return names.has('dirty') || names.has('saving') ? 'Saving…' : 'All saved'
}
