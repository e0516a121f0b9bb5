'use client'
import { useVirtualizer } from '@tanstack/react-virtual'
import { clsx } from 'clsx'
import { ChevronDown, ChevronRight, FilePlus, FolderPlus, Upload } from 'lucide-react'
import { type DragEvent, type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react'
import { toastError } from '#client/toasts.ts'
import { IconButton } from '#components/ui/button.tsx'
import { Confirm } from '#components/ui/confirm.tsx'
import { EmptyState } from '#components/ui/empty-state.tsx'
import { changeColour, changeLetter } from './compare-trees.ts'
import { FileIcon } from './file-icon.tsx'
import { FileMenu } from './file-menu.tsx'
import { useFileActions } from './file-actions.ts'
import { useChanges, useIde, useTree } from './ide.ts'
import { NameInput } from './name-input.tsx'
import { usePeople } from './people.ts'
import { inFolder, nameOf, parentOf, type TreeRow, treeRows } from './tree-rows.ts'
import { type Clash, UploadQuestion } from './upload-question.tsx'
import { chosenFiles, clashesOf, droppedFiles, type Upload as Uploaded } from './uploads.ts'
import { fileTab, pathOfTab, useLayout } from './workspace.ts'

const rowHeight = 24
type Naming = { kind: 'file' | 'folder'; parent: string } | { kind: 'rename'; path: string }

/** The draft's files: open, make, rename, move by dragging, upload by dropping; all of it by keyboard as well. */
export function FileTree({ onOpened }: { onOpened: () => void }) {
  const { workspace, readOnly } = useIde()
  const tree = useTree()
  const { changes } = useChanges()
  const layout = useLayout(workspace)
  const act = useFileActions()
  const people = usePeople()
  const [empty, setEmpty] = useState<string[]>([])
  const [focused, setFocused] = useState<string | null>(null)
  const [naming, setNaming] = useState<Naming | null>(null)
  const [menu, setMenu] = useState<{ row: TreeRow | null; x: number; y: number } | null>(null)
  const [deleting, setDeleting] = useState<string | null>(null)
  const [asking, setAsking] = useState<Clash | null>(null)
  const [over, setOver] = useState<string | null>(null)
  const scroller = useRef<HTMLDivElement>(null)
  const picker = useRef<HTMLInputElement>(null)
  const uploadTo = useRef('')

  const open = useMemo(() => new Set(layout.expanded), [layout.expanded])
  const rows = useMemo(() => treeRows(tree, open, empty), [tree, open, empty])
  const marks = useMemo(() => marksOf(changes), [changes])
  const hashes = useMemo(() => new Map(tree.map(({ path, hash }) => [path, hash])), [tree])
  const active = layout.active === null ? undefined : pathOfTab(layout.active)
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    initialRect: { width: 240, height: 600 },
  })
  const current = rows.find(({ path }) => path === (focused ?? active)) ?? rows[0]

  const expand = (path: string, to = !open.has(path)) =>
    workspace.set({
      expanded: to ? [...new Set([...layout.expanded, path])] : layout.expanded.filter((each) => each !== path),
    })
  const show = (row: TreeRow, preview: boolean) => {
    setFocused(row.path)
    if (row.folder) return expand(row.path)
    workspace.open(fileTab(row.path), { preview, focus: !preview })
    onOpened()
  }
  const begin = (kind: 'file' | 'folder', row: TreeRow | null) => {
    const parent = row === null ? '' : row.folder ? row.path : parentOf(row.path)
    if (parent !== '') expand(parent, true)
    setNaming({ kind, parent })
  }
  const pick = (row: TreeRow | null, whole = false) => {
    uploadTo.current = row === null ? '' : row.folder ? row.path : parentOf(row.path)
    const input = picker.current
    if (input === null) return
    input.webkitdirectory = whole
    input.click()
  }
  const focusRow = (row: TreeRow | undefined) => {
    if (row === undefined) return
    setFocused(row.path)
    virtual.scrollToIndex(rows.indexOf(row))
    requestAnimationFrame(() =>
      scroller.current?.querySelector<HTMLElement>(`[data-path="${CSS.escape(row.path)}"]`)?.focus(),
    )
  }
  /** What one works in is in sight. */
  useEffect(() => {
    if (active === undefined) return
    const parents = active
      .split('/')
      .slice(0, -1)
      .map((_, index, parts) => parts.slice(0, index + 1).join('/'))
    const closed = parents.filter((path) => !workspace.get().expanded.includes(path))
    if (closed.length > 0) workspace.set({ expanded: [...workspace.get().expanded, ...closed] })
  }, [active, workspace])

  const onKey = (event: KeyboardEvent) => {
    if (current === undefined || !(event.target as HTMLElement).matches('[role=treeitem]')) return
    const index = rows.indexOf(current)
    const keys: Record<string, () => void> = {
      ArrowDown: () => focusRow(rows[index + 1]),
      ArrowUp: () => focusRow(rows[index - 1]),
      Home: () => focusRow(rows[0]),
      End: () => focusRow(rows.at(-1)),
      ArrowRight: () => (current.folder && !current.open ? expand(current.path, true) : focusRow(rows[index + 1])),
      ArrowLeft: () =>
        current.folder && current.open
          ? expand(current.path, false)
          : focusRow(rows.find(({ path }) => path === parentOf(current.path))),
      Enter: () => show(current, false),
      ' ': () => show(current, true),
      F2: () => !readOnly && setNaming({ kind: 'rename', path: current.path }),
      Delete: () => !readOnly && setDeleting(current.path),
    }
    const run = event.ctrlKey || event.metaKey || event.altKey ? undefined : keys[event.key]
    if (run === undefined) return
    event.preventDefault()
    event.stopPropagation()
    run()
  }
  const drop = (event: DragEvent, folder: string) => {
    event.preventDefault()
    event.stopPropagation()
    setOver(null)
    if (readOnly) return
    const from = event.dataTransfer.getData('application/x-m3o-path')
    if (from !== '')
      return void (parentOf(from) !== folder && from !== folder && act.move(from, inFolder(folder, nameOf(from))))
    void droppedFiles(event.dataTransfer).then((files) => upload(folder, files), toastError)
  }
  const upload = (folder: string, files: Uploaded[]) => {
    if (files.length === 0) return
    const taken = clashesOf(folder, files, hashes)
    if (taken.length > 0) return setAsking({ folder, files, taken })
    void act.upload(folder, files, hashes)
  }
  const named = async (given: string) => {
    const name = given.trim().replace(/^\/+|\/+$/g, '')
    const what = naming
    setNaming(null)
    if (what === null || name === '') return
    if (what.kind === 'rename') return void act.move(what.path, inFolder(parentOf(what.path), name))
    const path = inFolder(what.parent, name)
    if (what.kind === 'file') return void ((await act.create(path)) && onOpened())
    setEmpty((all) => [...all, path])
    expand(path, true)
  }

  return (
    <section
      aria-label="Files"
      className="flex min-h-0 grow flex-col"
      onDragOver={(event) => {
        event.preventDefault()
        setOver('')
      }}
      onDragLeave={() => setOver(null)}
      onDrop={(event) => drop(event, '')}
    >
      <header className="flex h-8 shrink-0 items-center pr-1 pl-3">
        <h2 className="grow text-small font-medium text-muted">Files</h2>
        <IconButton size="small" label="New file" reason={readOnly} onClick={() => begin('file', current ?? null)}>
          <FilePlus />
        </IconButton>
        <IconButton size="small" label="New folder" reason={readOnly} onClick={() => begin('folder', current ?? null)}>
          <FolderPlus />
        </IconButton>
        <IconButton
          size="small"
          label="Upload files"
          reason={readOnly}
          onClick={() => pick(current?.folder ? current : null)}
        >
          <Upload />
        </IconButton>
      </header>
      <input
        ref={picker}
        type="file"
        multiple
        hidden
        onChange={(event) => {
          upload(uploadTo.current, chosenFiles(event.target.files))
          event.target.value = ''
        }}
      />
      {naming !== null && naming.kind !== 'rename' && (
        <NameInput
          label={naming.kind === 'file' ? 'Name of the new file' : 'Name of the new folder'}
          hint={naming.parent === '' ? undefined : `in ${naming.parent}/`}
          onDone={(name) => void named(name)}
          onCancel={() => setNaming(null)}
        />
      )}
      <div
        ref={scroller}
        className={clsx('min-h-0 grow overflow-auto pb-4', over === '' && 'bg-accent-soft')}
        onContextMenu={(event) => {
          event.preventDefault()
          if (event.target === event.currentTarget) setMenu({ row: null, x: event.clientX, y: event.clientY })
        }}
      >
        {rows.length === 0 && (
          <EmptyState title="No files yet">
            Create one above, drop files here, or push to the service's repository.
          </EmptyState>
        )}
        <div
          role="tree"
          aria-label="Files of the draft"
          data-own-keys
          onKeyDown={onKey}
          className="relative"
          style={{ height: virtual.getTotalSize() }}
        >
          {virtual.getVirtualItems().map(({ index, start }) => {
            const row = rows[index]
            if (row === undefined) return null
            const mark = marks.get(row.path)
            const others = people.at(row.path)
            return naming?.kind === 'rename' && naming.path === row.path ? (
              <div key={row.path} className="absolute inset-x-0 z-10" style={{ top: start }}>
                <NameInput
                  label={`New name of ${row.name}`}
                  value={row.name}
                  onDone={(name) => void named(name)}
                  onCancel={() => setNaming(null)}
                />
              </div>
            ) : (
              <div
                key={row.path}
                role="treeitem"
                data-path={row.path}
                data-focus-inside
                aria-level={row.depth + 1}
                aria-selected={row.path === active}
                aria-expanded={row.folder ? row.open : undefined}
                tabIndex={row === current ? 0 : -1}
                draggable={!readOnly}
                style={{ top: start, height: rowHeight, paddingLeft: 8 + row.depth * 12 }}
                className={clsx(
                  'absolute inset-x-0 flex cursor-default items-center gap-1.5 pr-2 select-none',
                  row.path === active ? 'bg-chosen' : 'hover:bg-hover',
                  over === row.path && 'bg-accent-soft',
                )}
                onClick={() => show(row, true)}
                onDoubleClick={() => {
                  if (!row.folder) show(row, false)
                }}
                onFocus={() => setFocused(row.path)}
                onContextMenu={(event) => {
                  event.preventDefault()
                  const box = event.currentTarget.getBoundingClientRect()
                  setFocused(row.path)
                  // The keyboard's menu key has no pointer.
                  setMenu({ row, x: event.clientX || box.left + 40, y: event.clientY || box.bottom })
                }}
                onDragStart={(event) => event.dataTransfer.setData('application/x-m3o-path', row.path)}
                onDragOver={(event) => {
                  event.preventDefault()
                  event.stopPropagation()
                  setOver(row.folder ? row.path : parentOf(row.path))
                }}
                onDrop={(event) => drop(event, row.folder ? row.path : parentOf(row.path))}
              >
                {row.folder ? (
                  <span aria-hidden className="flex text-muted [&_svg]:size-3.5">
                    {row.open ? <ChevronDown /> : <ChevronRight />}
                  </span>
                ) : (
                  <FileIcon name={row.name} />
                )}
                <span className={clsx('min-w-0 grow truncate', mark !== undefined && changeColour[mark])}>
                  {row.name}
                </span>
                {others.length > 0 && (
                  <span
                    className="shrink-0 rounded-full bg-personal-soft px-1.5 text-[10px] text-personal"
                    title={others.join(', ')}
                  >
                    {others.length === 1 ? initial(others[0]) : others.length}
                    <span className="sr-only"> also here: {others.join(', ')}</span>
                  </span>
                )}
                {mark !== undefined &&
                  (row.folder ? (
                    <span aria-hidden className={`size-1.5 shrink-0 rounded-full bg-current ${changeColour[mark]}`} />
                  ) : (
                    <span className={`shrink-0 font-mono text-tiny ${changeColour[mark]}`}>
                      {changeLetter[mark]}
                      <span className="sr-only"> {mark}</span>
                    </span>
                  ))}
              </div>
            )
          })}
        </div>
      </div>
      {menu !== null && (
        <FileMenu
          {...menu}
          changed={menu.row !== null && marks.has(menu.row.path)}
          onClose={() => setMenu(null)}
          onNew={(kind) => begin(kind, menu.row)}
          onPick={(whole) => pick(menu.row, whole)}
          onRename={(path) => setNaming({ kind: 'rename', path })}
          onDelete={setDeleting}
        />
      )}
      {asking !== null && (
        <UploadQuestion
          clash={asking}
          paths={hashes}
          onDismiss={() => setAsking(null)}
          onUpload={(files) => {
            setAsking(null)
            void act.upload(asking.folder, files, hashes)
          }}
        />
      )}
      {deleting !== null && (
        <Confirm
          title={`Delete ${nameOf(deleting)}?`}
          action="Delete"
          busy={false}
          error={null}
          onDismiss={() => setDeleting(null)}
          onConfirm={() => {
            void act.remove(deleting)
            setEmpty((all) => all.filter((path) => path !== deleting))
            setDeleting(null)
          }}
        >
          It is deleted from your draft only. The deployed revision does not change until you deploy. You can restore it
          from the draft history for one day.
        </Confirm>
      )}
    </section>
  )
}

const initial = (name: string | undefined) => name?.charAt(0).toUpperCase() ?? '?'

/** A folder is marked when something in it is. */
function marksOf(changes: readonly { path: string; change: 'added' | 'modified' | 'deleted' }[]) {
  const marks = new Map<string, 'added' | 'modified' | 'deleted'>()
  for (const { path, change } of changes) {
    marks.set(path, change)
    for (let folder = parentOf(path); folder !== ''; folder = parentOf(folder)) marks.set(folder, 'modified')
  }
  return marks
}
