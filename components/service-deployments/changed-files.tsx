'use client'
import { ChevronRight } from 'lucide-react'
import dynamic from 'next/dynamic'
import { Suspense, useState } from 'react'
import type { FileChange } from '#contract/source.ts'
import type { OfService } from '#client/paths.ts'
import { Skeleton } from '#components/ui/skeleton.tsx'
import { ChangedFile } from './changed-file.tsx'

const FileHunks = dynamic(() => import('./file-hunks.tsx').then((module) => module.FileHunks), {
  ssr: false,
  loading: () => <Skeleton className="m-3 h-16" />,
})

const most = 300

interface Between {
  at: OfService
  from: string | null
  to: string
}

/** Files that differ between two commits; each opens to its lines. */
export function ChangedFiles({ files, ...between }: Between & { files: readonly FileChange[] }) {
  return (
    <>
      <ul className="divide-y divide-border overflow-hidden rounded border border-border bg-raised">
        {files.slice(0, most).map((file) => (
          <FileEntry key={file.path} file={file} {...between} />
        ))}
      </ul>
      {files.length > most && <p className="text-muted">And {files.length - most} files more.</p>}
    </>
  )
}

function FileEntry({ file, at, from, to }: Between & { file: FileChange }) {
  const [open, setOpen] = useState(false)
  return (
    <li>
      <button
        type="button"
        aria-expanded={open}
        data-focus-inside
        onClick={() => setOpen(!open)}
        className="flex h-[34px] w-full min-w-0 items-center gap-1.5 px-2 pr-3 text-left hover:bg-hover"
      >
        <ChevronRight
          aria-hidden
          className={`size-3.5 shrink-0 text-muted transition-transform duration-100 ${open ? 'rotate-90' : ''}`}
        />
        <ChangedFile change={file} />
      </button>
      {open && (
        <div className="border-t border-border">
          <Suspense fallback={<Skeleton className="m-3 h-16" />}>
            <FileHunks at={at} change={file} from={from} to={to} />
          </Suspense>
        </div>
      )}
    </li>
  )
}
