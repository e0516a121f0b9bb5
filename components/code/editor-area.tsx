'use client'
import { useQuery } from '@tanstack/react-query'
import { Download, FileQuestion, Files } from 'lucide-react'
import { useEffect, useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { ErrorState } from '#components/ui/error-state.tsx'
import { Kbd } from '#components/ui/kbd.tsx'
import { useTRPC } from '#client/trpc.ts'
import { bytes } from './bytes.ts'
import { CommitArea } from './commit-area.tsx'
import { ConflictBar } from './conflict-bar.tsx'
import { DiffView } from './diff-view.tsx'
import type { Document, Loaded } from './documents.ts'
import { EditorView } from './editor-view.tsx'
import { useFileActions } from './file-actions.ts'
import { useChanges, useDocuments, useIde, useTree } from './ide.ts'
import { ImageView, isImage } from './image-view.tsx'
import { Loading } from './loading.tsx'
import { monaco } from './monaco.ts'
import { usePeople } from './people.ts'
import { nameOf } from './tree-rows.ts'
import { pathOfTab, type TabKey } from './workspace.ts'
import { titleOf } from './tab-bar.tsx'

/** What the tab in front shows. */
export function EditorArea({ tab, onCursor }: { tab: TabKey | null; onCursor: (position: monaco.Position) => void }) {
  if (tab === null) return <NothingOpen />
  const path = pathOfTab(tab)
  if (tab.startsWith('file:') && path !== undefined)
    return <FileArea key="file" tab={tab} path={path} onCursor={onCursor} />
  if (tab.startsWith('changes:') && path !== undefined) return <ChangesArea key={tab} path={path} />
  if (tab.startsWith('commit:')) return <CommitArea key={tab} commit={tab.split(':')[1] ?? ''} path={titleOf(tab)} />
  return <LibraryArea tab={tab} uri={tab.slice('library:'.length)} onCursor={onCursor} />
}

function NothingOpen() {
  return (
    <EmptyState icon={<Files />} title="No open files">
      <span className="flex flex-col items-center gap-1.5">
        Choose a file on the left.
        <span className="flex items-center gap-2">
          Go to a file <Kbd keys="mod+p" />
        </span>
        <span className="flex items-center gap-2">
          Search in files <Kbd keys="mod+shift+f" />
        </span>
        <span className="flex items-center gap-2">
          Deploy <Kbd keys="mod+shift+enter" />
        </span>
      </span>
    </EmptyState>
  )
}

/** The file, loaded once; undefined while it is on its way. */
function useLoaded(path: string): { loaded: Loaded | undefined; error: unknown; retry: () => void } {
  const { documents } = useIde()
  const [state, setState] = useState<{ path: string; loaded?: Loaded; error?: unknown }>({ path })
  const [attempt, setAttempt] = useState(0)
  const open = useDocuments().get(path)
  const isClosed = open === undefined
  useEffect(() => {
    let gone = false
    documents.load(path).then(
      (loaded) => {
        if (!gone) setState({ path, loaded })
      },
      (error: unknown) => {
        if (!gone) setState({ path, error })
      },
    )
    return () => {
      gone = true
    }
  }, [documents, path, attempt, isClosed])
  const mine = state.path === path ? state : { path }
  return {
    loaded:
      open === undefined
        ? mine.loaded !== undefined && 'opaque' in mine.loaded
          ? mine.loaded
          : undefined
        : { document: open },
    error: mine.error,
    retry: () => setAttempt((count) => count + 1),
  }
}

function FileArea({
  tab,
  path,
  onCursor,
}: {
  tab: TabKey
  path: string
  onCursor: (position: monaco.Position) => void
}) {
  const { readOnly } = useIde()
  const act = useFileActions()
  const { loaded, error, retry } = useLoaded(path)
  const people = usePeople().editing(path)
  const hash = useTree().find((entry) => entry.path === path)?.hash
  if (loaded === undefined) return error === undefined ? <Loading /> : <ErrorState error={error} retry={retry} />
  if ('opaque' in loaded) {
    const { size, binary } = loaded.opaque
    if (isImage(path, size))
      return <ImageView path={path} hash={hash} size={size} onDownload={() => act.download(path)} />
    return (
      <EmptyState
        icon={<FileQuestion />}
        title={nameOf(path)}
        action={
          <Button onClick={() => act.download(path)}>
            <Download />
            Download
          </Button>
        }
      >
        {binary ? 'This is not a text file' : 'This is too large to be edited here'}: {bytes(size)}. To replace it, drop
        a file with the same name on the tree.
      </EmptyState>
    )
  }
  const { document } = loaded
  return (
    <>
      {people.length > 0 && (
        <p className="shrink-0 border-b border-border bg-personal-soft px-3 py-1 text-small text-personal">
          {people.join(', ')} {people.length === 1 ? 'has' : 'have'} uncommitted changes to this file too.
        </p>
      )}
      <ConflictBar document={document} />
      <div className="relative min-h-0 grow">
        <EditorView tab={tab} model={document.model} readOnly={readOnly} label={path} onCursor={onCursor} />
      </div>
    </>
  )
}

/** The draft's file against what serves. It can be edited here as well. */
function ChangesArea({ path }: { path: string }) {
  const { at, draft, readOnly } = useIde()
  const { against, changes, others } = useChanges()
  const change = [...changes, ...others].find((one) => one.path === path)?.change
  const { loaded, error } = useLoaded(path)
  const trpc = useTRPC()
  const wanted = against !== null && change !== undefined && change !== 'added'
  const before = useQuery({
    ...trpc.source.read.queryOptions({ ...at, ref: { commit: against ?? '' }, path }),
    enabled: wanted,
  })
  if (change === undefined)
    return <EmptyState title="No difference">{path} is the same as the live revision here.</EmptyState>
  if (before.error !== null) return <ErrorState error={before.error} retry={() => void before.refetch()} />
  if (wanted && before.data === undefined) return <Loading />
  if (before.data?.text === null || (loaded !== undefined && 'opaque' in loaded))
    return (
      <EmptyState
        title="Not a text file"
        action={
          <Button
            onClick={() => {
              location.href = draft.download(path)
            }}
          >
            <Download />
            Download the draft’s
          </Button>
        }
      >
        {path} cannot be compared line by line.
      </EmptyState>
    )
  const old = before.data?.text ?? ''
  if (change === 'deleted') return <Compared path={path} before={old} after="" />
  if (loaded === undefined) return error === undefined ? <Loading /> : <ErrorState error={error} />
  return <Compared path={path} before={old} after={loaded.document} readOnly={readOnly !== null} />
}

function Compared({
  path,
  before,
  after,
  readOnly = true,
}: {
  path: string
  before: string
  after: Document | string
  readOnly?: boolean
}) {
  return (
    <div className="relative min-h-0 grow">
      <DiffView
        path={path}
        before={before}
        after={typeof after === 'string' ? after : after.model}
        readOnly={readOnly}
        label={path}
      />
    </div>
  )
}

function LibraryArea({
  tab,
  uri,
  onCursor,
}: {
  tab: TabKey
  uri: string
  onCursor: (position: monaco.Position) => void
}) {
  const { language } = useIde()
  const [model, setModel] = useState(() => monaco.editor.getModel(monaco.Uri.parse(uri)))
  const [failed, setFailed] = useState(false)
  useEffect(() => {
    const parsed = monaco.Uri.parse(uri)
    const there = monaco.editor.getModel(parsed)
    if (there !== null) return setModel(there)
    void language
      .declaration(parsed)
      .then((text) =>
        text === undefined
          ? setFailed(true)
          : setModel(monaco.editor.getModel(parsed) ?? monaco.editor.createModel(text, 'typescript', parsed)),
      )
  }, [uri, language])
  if (failed)
    return <EmptyState title="This file no longer exists">Close this tab and go to the definition again.</EmptyState>
  if (model === null || model.isDisposed()) return <Loading />
  return (
    <div className="relative min-h-0 grow">
      <EditorView
        tab={tab}
        model={model}
        readOnly="This declaration belongs to a package, not to the service."
        label={titleOf(tab)}
        onCursor={onCursor}
      />
    </div>
  )
}
