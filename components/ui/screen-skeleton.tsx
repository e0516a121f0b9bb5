import { FilterBar, PageHeader } from './page.tsx'
import { RowsSkeleton, Skeleton } from './skeleton.tsx'

/** A list screen on its way: its name stands already where it will be. */
export function ScreenSkeleton({ title, filters = 0, tabs = 0, rows = 10 }: { title: string; filters?: number; tabs?: number; rows?: number }) {
  return (
    <>
      <PageHeader title={title}>
        {filters > 0 && <FilterBar label="Filters"><Skeleton className="h-[30px] w-56 shrink-0 sm:w-72" />{Array.from({ length: filters - 1 }, (_, index) => <Skeleton key={index} className="hidden h-[30px] w-28 sm:block" />)}</FilterBar>}
        {tabs > 0 && <div className="flex h-9 items-center gap-5 px-2">{Array.from({ length: tabs }, (_, index) => <Skeleton key={index} className="h-3 w-16" />)}</div>}
      </PageHeader>
      <RowsSkeleton label={`Loading ${title.toLowerCase()}`} rows={rows} />
    </>
  )
}
