import { Skeleton } from '#components/ui/skeleton.tsx'

/** The editor's shape, while it is on its way. */
export function EditorSkeleton() {
  return (
    <div role="status" aria-label="Loading the editor" className="flex h-full">
      <div className="w-10 shrink-0 border-r border-border bg-sunken" />
      <div className="hidden w-[248px] shrink-0 flex-col gap-2.5 border-r border-border p-3 md:flex">
        {Array.from({ length: 6 }, (_, index) => (
          <Skeleton key={index} className="h-3" />
        ))}
      </div>
      <div className="flex grow flex-col">
        <div className="h-[35px] border-b border-border bg-sunken" />
        <div className="flex flex-col gap-2.5 p-4 pl-12">
          <Skeleton className="h-3 w-64" />
          <Skeleton className="h-3 w-48" />
          <Skeleton className="mt-3 h-3 w-72" />
          <Skeleton className="h-3 w-96" />
          <Skeleton className="h-3 w-80" />
          <Skeleton className="h-3 w-40" />
        </div>
      </div>
    </div>
  )
}
