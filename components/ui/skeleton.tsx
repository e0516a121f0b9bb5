import { clsx } from 'clsx'

/** Grey in the shape of what is coming. */
export function Skeleton({ className }: { className?: string }) {
  return <span aria-hidden className={clsx('block animate-breathe rounded-[4px] bg-hover', className)} />
}

/** Rows of a table that is on its way, as high as they will be. */
export function RowsSkeleton({ rows = 8, label }: { rows?: number; label: string }) {
  return (
    <div role="status" aria-label={label} className="border-t border-border">
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} className="flex h-[34px] items-center gap-4 border-b border-border px-3">
          <Skeleton className="size-3 rounded-full" />
          <Skeleton className="h-3 w-28" />
          <Skeleton className="h-3 grow max-w-96" />
          <Skeleton className="ml-auto hidden h-3 w-16 sm:block" />
          <Skeleton className="hidden h-3 w-12 md:block" />
        </div>
      ))}
    </div>
  )
}
