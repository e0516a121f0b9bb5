'use client'
import { Button } from '#components/ui/button.tsx'
import { Dialog } from '#components/ui/dialog.tsx'
import { inFolder, nameOf } from './tree-rows.ts'
import { besideThem, type Upload } from './uploads.ts'

export interface Clash {
  folder: string
  files: Upload[]
  taken: Upload[]
}

const mostNamed = 8

/** Files that would replace others are there: what to do with all of them. */
export function UploadQuestion({
  clash: { folder, files, taken },
  paths,
  onUpload,
  onDismiss,
}: {
  clash: Clash
  paths: { has(path: string): boolean }
  onUpload: (files: Upload[]) => void
  onDismiss: () => void
}) {
  const [first] = taken
  const one = taken.length === 1 && first !== undefined
  return (
    <Dialog
      title={one ? `Replace ${nameOf(first.name)}?` : `Replace ${taken.length} files?`}
      onDismiss={onDismiss}
      footer={
        <>
          <Button onClick={onDismiss}>Cancel</Button>
          <Button onClick={() => onUpload(besideThem(folder, files, paths))}>
            {one ? 'Keep both' : 'Keep all of both'}
          </Button>
          <Button kind="primary" autoFocus onClick={() => onUpload(files)}>
            {one ? 'Replace' : 'Replace all'}
          </Button>
        </>
      }
    >
      {one ? (
        <p>
          Your draft already has a file <code>{inFolder(folder, first.name)}</code>.
        </p>
      ) : (
        <>
          <p>Your draft already has these files:</p>
          <ul className="mt-2 font-mono text-small">
            {taken.slice(0, mostNamed).map(({ name }) => (
              <li key={name} className="truncate">
                {inFolder(folder, name)}
              </li>
            ))}
          </ul>
          {taken.length > mostNamed && <p className="text-muted">and {taken.length - mostNamed} more</p>}
        </>
      )}
      <p className="mt-2 text-muted">
        {files.length > taken.length &&
          `The other ${files.length - taken.length} ${files.length - taken.length === 1 ? 'file is' : 'files are'} new. `}
        You can restore replaced files from the draft history for one day.
      </p>
    </Dialog>
  )
}
