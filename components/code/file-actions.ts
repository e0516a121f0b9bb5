import { useQueryClient } from '@tanstack/react-query'
import { useMemo } from 'react'
import { errorOf } from '#client/errors.ts'
import { toastDone, toastError } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import { PlatformError } from '#contract/errors.ts'
import { type Ide, useIde } from './ide.ts'
import { inFolder, nameOf } from './tree-rows.ts'
import type { Upload } from './uploads.ts'
import { fileTab } from './workspace.ts'

export type FileActions = ReturnType<typeof makeActions>

/** What can be done with files and folders of the draft. Each tells by itself when it fails, and answers whether it was done. */
export function useFileActions(): FileActions {
  const ide = useIde()
  const trpc = useTRPC()
  const queries = useQueryClient()
  return useMemo(() => makeActions(ide, async () => {
    await Promise.all([queries.invalidateQueries(trpc.source.tree.pathFilter()), queries.invalidateQueries(trpc.source.status.pathFilter())])
  }, () => (queries.getQueryData(trpc.source.tree.queryKey({ ...ide.at, ref: { draft: true } })) ?? []).map(({ path }) => path)), [ide, trpc, queries])
}

const mostKept = 50

function makeActions({ draft, documents, workspace, at }: Ide, refresh: () => Promise<void>, paths: () => readonly string[]) {
  async function act(work: () => Promise<void>): Promise<boolean> {
    try {
      await work()
      await refresh()
      return true
    } catch (error) {
      toastError(error)
      return false
    }
  }
  /** What is typed belongs to the file before it is moved or goes. */
  const settle = (path: string) => Promise.all(documents.all().filter((one) => one.path === path || one.path.startsWith(`${path}/`)).map(({ saver }) => saver.flush()))

  /** What is about to be deleted, for an undo: some files, not a whole library. */
  async function keep(path: string) {
    const below = paths().filter((each) => each === path || each.startsWith(`${path}/`))
    return below.length > mostKept ? [] : Promise.all(below.map(async (each) => ({ path: each, content: await draft.bytes(each) })))
  }

  return {
    create: (path: string) => act(async () => {
      await draft.save(path, '', null)
      workspace.open(fileTab(path))
    }),
    move: (from: string, to: string) => act(async () => {
      if (from === to) return
      await settle(from)
      await draft.move(from, to)
      documents.forget(from)
      workspace.moved(from, to)
    }),
    remove: (path: string) => act(async () => {
      const kept = await keep(path).catch(() => [])
      await draft.remove(path)
      documents.forget(path)
      workspace.moved(path, null)
      toastDone(`${nameOf(path)} is deleted from your draft`, kept.length === 0 ? {} : { undo: { label: 'Undo', run: () => void act(async () => { for (const { path: each, content } of kept) await draft.upload(each, content, null) }) } })
    }),
    revert: (path: string | null) => act(async () => {
      if (path !== null) await settle(path).catch(() => {})
      await draft.revert(path)
    }),
    upload: (folder: string, files: readonly Upload[], hashes: ReadonlyMap<string, string>) => act(async () => {
      const failed: string[] = []
      let why: PlatformError | undefined
      for (const { name, file } of files) {
        const path = inFolder(folder, name)
        await draft.upload(path, file, hashes.get(path) ?? null).catch((error: unknown) => { why ??= errorOf(error); failed.push(nameOf(path)) })
      }
      if (why !== undefined) {
        await refresh()
        const rest = files.length - failed.length
        throw new PlatformError(why.code, `${failed.slice(0, 3).join(', ')}${failed.length > 3 ? ` and ${failed.length - 3} more` : ''} could not be uploaded: ${why.message}`, { fix: [why.fix, rest > 0 && `The other ${rest} ${rest === 1 ? 'is' : 'are'} there.`].filter(Boolean).join(' ') })
      }
    }),
    download: (path: string) => {
      const link = document.createElement('a')
      link.href = draft.download(path)
      link.download = nameOf(path)
      link.click()
    },
    at,
  }
}
