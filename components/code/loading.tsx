import { Skeleton } from '#components/ui/skeleton.tsx'

export function Loading() {
  return (
    <div role="status" aria-label="Loading the file" className="flex flex-col gap-2 p-4 pl-12">
      {[40, 64, 0, 52, 72, 60, 30].map((width, index) => (
        <Skeleton key={index} className={width === 0 ? 'h-3 opacity-0' : 'h-3'} />
      ))}
    </div>
  )
}
