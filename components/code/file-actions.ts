import { useQueryClient } from '@tanstack/react-query'
import { useMemo } from 'react'
import { errorOf } from '#client/errors.ts'
import { toastDone, toastError } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import { PlatformError } from '#contract/errors.ts'
import { type Ide, useIde } from './ide.ts'
import { inFolder, nameOf, parentOf } from './tree-rows.ts'
import type { Upload } from './uploads.ts'
import { fileTab } from './workspace.ts'

export type FileActions = ReturnType<typeof makeActions>

/** What can be done with files and folders of the draft. Each tells by itself when it fails, and answers whether it was done. */
export function useFileActions(): FileActions {
  const ide = useIde()
  const trpc = useTRPC()
  const queries = useQueryClient()
  return useMemo(
    () =>
      makeActions(
        ide,
        async () => {
          await Promise.all([
            queries.invalidateQueries(trpc.source.tree.pathFilter()),
            queries.invalidateQueries(trpc.source.status.pathFilter()),
            queries.invalidateQueries(trpc.source.steps.pathFilter()),
          ])
        },
        () =>
          (queries.getQueryData(trpc.source.tree.queryKey({ ...ide.at, ref: { draft: true } })) ?? []).map(
            ({ path }) => path,
          ),
      ),
    [ide, trpc, queries],
  )
}

/** Of one undo: more are restored from the draft's history. */
const mostUndone = 2_000

function makeActions(
  { draft, documents, workspace, at }: Ide,
  refresh: () => Promise<void>,
  paths: () => readonly string[],
) {
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
  const settle = (path: string) =>
    Promise.all(
      documents
        .all()
        .filter((one) => one.path === path || one.path.startsWith(`${path}/`))
        .map(({ saver }) => saver.flush()),
    )
  const settleAll = () => documents.flush().catch(() => {})

  /** As it was before a step; a tab whose file is gone with it is closed. */
  const restore = (step: string, restored: string[] | null) =>
    act(async () => {
      await settleAll()
      await draft.restore(step, restored)
      await refresh()
      const left = new Set(paths())
      for (const { path } of documents.all())
        if (!left.has(path)) {
          documents.forget(path)
          workspace.moved(path, null)
        }
    })
  /** Says that it is done; `step` empty: nothing was changed. */
  function told(message: string, step: string, restored: string[] | null, after = () => {}) {
    const undone =
      step === '' || (restored?.length ?? 0) > mostUndone
        ? {}
        : {
            undo: {
              label: 'Undo',
              run: () =>
                void restore(step, restored).then((done) => {
                  if (done) after()
                }),
            },
          }
    toastDone(message, undone)
  }

  return {
    restore,
    told,
    create: (path: string) =>
      act(async () => {
        await draft.save(path, '', null)
        workspace.open(fileTab(path))
      }),
    move: (from: string, to: string) =>
      act(async () => {
        if (from === to) return
        await settle(from)
        const { step } = await draft.move(from, to)
        documents.forget(from)
        workspace.moved(from, to)
        const words =
          parentOf(from) === parentOf(to)
            ? `Renamed ${nameOf(from)} to ${nameOf(to)}`
            : `Moved ${nameOf(from)} to ${parentOf(to) || 'the top folder'}`
        told(words, step, [from, to], () => workspace.moved(to, from))
      }),
    remove: (path: string) =>
      act(async () => {
        await settle(path).catch(() => {})
        const { step } = await draft.remove(path)
        documents.forget(path)
        workspace.moved(path, null)
        told(`Deleted ${nameOf(path)} from your draft`, step, [path])
      }),
    revert: (path: string | null) =>
      act(async () => {
        await (path === null ? settleAll() : settle(path).catch(() => {}))
        const { step } = await draft.revert(path)
        if (step !== '')
          told(
            path === null ? 'Discarded all changes in your draft' : `Discarded changes to ${nameOf(path)}`,
            step,
            path === null ? null : [path],
          )
      }),
    /** `hashes` of the files that are there, by path: a file among them is replaced. */
    upload: (folder: string, files: readonly Upload[], hashes: ReadonlyMap<string, string>) =>
      act(async () => {
        const failed: string[] = []
        let why: PlatformError | undefined
        let step = files.length > 1 ? (await draft.mark('upload')).step : ''
        const done: string[] = []
        for (const { name, file } of files) {
          const path = inFolder(folder, name)
          await settle(path).catch(() => {})
          const sent = draft.upload(path, file, documents.get(path)?.saver.hash ?? hashes.get(path) ?? null)
          await sent.then(
            (answer) => {
              step ||= answer.step
              done.push(path)
            },
            (error: unknown) => {
              why ??= errorOf(error)
              failed.push(nameOf(path))
            },
          )
        }
        if (done.length > 0)
          told(
            done.length === 1
              ? `Uploaded ${nameOf(done[0] ?? '')} to your draft`
              : `Uploaded ${done.length} files to your draft`,
            step,
            done,
          )
        if (why !== undefined) {
          await refresh()
          const rest = files.length - failed.length
          throw new PlatformError(
            why.code,
            `${failed.slice(0, 3).join(', ')}${failed.length > 3 ? ` and ${failed.length - 3} more` : ''} could not be uploaded: ${why.message}`,
            {
              fix: [why.fix, rest > 0 && `The other ${rest} ${rest === 1 ? 'was' : 'were'} uploaded.`]
                .filter(Boolean)
                .join(' '),
            },
          )
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
