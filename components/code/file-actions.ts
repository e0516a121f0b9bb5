import { useQueryClient } from '@tanstack/react-query'
import { useMemo } from 'react'
import { toastError } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import { PlatformError } from '#contract/errors.ts'
import { type Ide, useIde } from './ide.ts'
import { inFolder, nameOf } from './tree-rows.ts'
import { fileTab } from './workspace.ts'

export type FileActions = ReturnType<typeof makeActions>

/** What can be done with files and folders of the draft. Each tells by itself when it fails, and answers whether it was done. */
export function useFileActions(): FileActions {
  const ide = useIde()
  const trpc = useTRPC()
  const queries = useQueryClient()
  return useMemo(() => makeActions(ide, async () => {
    await Promise.all([queries.invalidateQueries(trpc.source.tree.pathFilter()), queries.invalidateQueries(trpc.source.status.pathFilter())])
  }), [ide, trpc, queries])
}

function makeActions({ draft, documents, workspace, at }: Ide, refresh: () => Promise<void>) {
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
      await draft.remove(path)
      documents.forget(path)
      workspace.moved(path, null)
    }),
    revert: (path: string | null) => act(async () => {
      if (path !== null) await settle(path).catch(() => {})
      await draft.revert(path)
    }),
    upload: (folder: string, files: readonly File[], hashes: ReadonlyMap<string, string>) => act(async () => {
      const failed: string[] = []
      for (const file of files) {
        const path = inFolder(folder, file.webkitRelativePath || file.name)
        await draft.upload(path, file, hashes.get(path) ?? null).catch(() => failed.push(nameOf(path)))
      }
      if (failed.length > 0) {
        throw new PlatformError('bad_request', `${failed.slice(0, 3).join(', ')}${failed.length > 3 ? ` and ${failed.length - 3} more` : ''} could not be uploaded`, { fix: 'Check their names and sizes, and try again.' })
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
