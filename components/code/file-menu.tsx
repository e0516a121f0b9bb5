'use client'
import { Download, FilePlus, FolderPlus, FolderUp, History, Pencil, Trash2, Undo2, Upload } from 'lucide-react'
import { MenuItem, MenuLine } from '#components/ui/menu.tsx'
import { ContextMenu } from './context-menu.tsx'
import { useFileActions } from './file-actions.ts'
import { useIde } from './ide.ts'
import type { TreeRow } from './tree-rows.ts'

/** What can be done with a file, a folder, or where there is none. */
export function FileMenu({
  row,
  x,
  y,
  changed,
  onClose,
  onNew,
  onPick,
  onRename,
  onDelete,
}: {
  row: TreeRow | null
  x: number
  y: number
  changed: boolean
  onClose: () => void
  onNew: (kind: 'file' | 'folder') => void
  onPick: (whole: boolean) => void
  onRename: (path: string) => void
  onDelete: (path: string) => void
}) {
  const { workspace, readOnly } = useIde()
  const act = useFileActions()
  return (
    <ContextMenu x={x} y={y} onClose={onClose}>
      <MenuItem icon={<FilePlus />} reason={readOnly} onSelect={() => onNew('file')}>
        New file
      </MenuItem>
      <MenuItem icon={<FolderPlus />} reason={readOnly} onSelect={() => onNew('folder')}>
        New folder
      </MenuItem>
      <MenuItem icon={<Upload />} reason={readOnly} onSelect={() => onPick(false)}>
        Upload files here
      </MenuItem>
      <MenuItem icon={<FolderUp />} reason={readOnly} onSelect={() => onPick(true)}>
        Upload a folder here
      </MenuItem>
      {row !== null && (
        <>
          <MenuLine />
          {!row.folder && (
            <MenuItem icon={<Download />} onSelect={() => act.download(row.path)}>
              Download
            </MenuItem>
          )}
          <MenuItem icon={<History />} onSelect={() => workspace.showHistory(row.path)}>
            History of this {row.folder ? 'folder' : 'file'}
          </MenuItem>
          {!row.folder && changed && (
            <MenuItem icon={<Undo2 />} reason={readOnly} onSelect={() => void act.revert(row.path)}>
              Discard changes
            </MenuItem>
          )}
          <MenuItem icon={<Pencil />} keys="F2" reason={readOnly} onSelect={() => onRename(row.path)}>
            Rename
          </MenuItem>
          <MenuItem icon={<Trash2 />} bad reason={readOnly} onSelect={() => onDelete(row.path)}>
            Delete
          </MenuItem>
        </>
      )}
    </ContextMenu>
  )
}
