'use client'
import { useQuery } from '@tanstack/react-query'
import { Download } from 'lucide-react'
import { useEffect, useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { ErrorState } from '#components/ui/error-state.tsx'
import { bytes } from './bytes.ts'
import { useIde } from './ide.ts'
import { nameOf } from './tree-rows.ts'

const types: Record<string, string> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  ico: 'image/x-icon',
  svg: 'image/svg+xml',
  bmp: 'image/bmp',
}
const mostBytes = 20 << 20

export const isImage = (path: string, size: number): boolean =>
  size <= mostBytes && path.slice(path.lastIndexOf('.') + 1).toLowerCase() in types

/** A picture as it is, on a ground that shows where it is see-through. As an image no script in it is run, an SVG's neither. */
export function ImageView({
  path,
  hash,
  size,
  onDownload,
}: {
  path: string
  hash: string | undefined
  size: number
  onDownload: () => void
}) {
  const { at, draft } = useIde()
  const [url, setUrl] = useState<string>()
  const [extent, setExtent] = useState('')
  const { data, error, refetch } = useQuery({
    queryKey: ['image', at, path, hash],
    queryFn: () => draft.bytes(path),
    staleTime: Infinity,
  })
  useEffect(() => {
    if (data === undefined) return
    const type = types[path.slice(path.lastIndexOf('.') + 1).toLowerCase()] ?? ''
    const made = URL.createObjectURL(new Blob([data], { type }))
    setUrl(made)
    return () => URL.revokeObjectURL(made)
  }, [data, path])
  if (error !== null) return <ErrorState error={error} retry={() => void refetch()} />
  return (
    <figure className="flex min-h-0 grow flex-col">
      <div className="flex min-h-0 grow items-center justify-center overflow-auto bg-[repeating-conic-gradient(var(--color-sunken)_0_25%,var(--color-surface)_0_50%)] bg-size-[16px_16px] p-4">
        {url !== undefined && (
          <img
            src={url}
            alt={nameOf(path)}
            className="max-h-full max-w-full object-contain"
            onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) =>
              setExtent(`${naturalWidth} × ${naturalHeight}, `)
            }
            onError={() => setExtent('cannot be shown, ')}
          />
        )}
      </div>
      <figcaption className="flex h-9 shrink-0 items-center gap-3 border-t border-border px-3 text-small text-muted">
        <span className="tabular">
          {extent}
          {bytes(size)}
        </span>
        <span className="grow" />
        <Button size="small" onClick={onDownload}>
          <Download />
          Download
        </Button>
      </figcaption>
    </figure>
  )
}
