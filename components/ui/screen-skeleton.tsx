import type { Shape } from './arriving.tsx'
import { FilterBar, PageHeader } from './page.tsx'
import { RowsSkeleton, Skeleton } from './skeleton.tsx'

/** A screen on its way: its name stands already where it will be. */
export function ScreenSkeleton({ title, shape }: { title: string; shape: Shape }) {
  const filters = shape === 'filtered' || shape === 'lines'
  return (
    <>
      <PageHeader title={title}>
        {filters && (
          <FilterBar label="Filters">
            <Skeleton className="h-[30px] w-56 shrink-0 sm:w-72" />
            {[0, 1, 2].map((index) => (
              <Skeleton key={index} className="hidden h-[30px] w-28 sm:block" />
            ))}
          </FilterBar>
        )}
        {shape === 'parts' && (
          <div className="flex h-9 items-center gap-5">
            {[0, 1, 2].map((index) => (
              <Skeleton key={index} className="h-3 w-16" />
            ))}
          </div>
        )}
      </PageHeader>
      <ShapeSkeleton label={`Loading ${title.toLowerCase()}`} shape={shape} />
    </>
  )
}

/** What stands under a head that is there already. */
export function ShapeSkeleton({ label, shape }: { label: string; shape: Shape }) {
  if (shape === 'lines') return <LinesSkeleton label={label} />
  if (shape === 'boxes') return <BoxesSkeleton label={label} />
  if (shape === 'form') return <FormSkeleton label={label} />
  return <RowsSkeleton label={label} rows={12} />
}

const widths = [
  'w-3/5',
  'w-2/5',
  'w-3/4',
  'w-1/2',
  'w-1/3',
  'w-2/3',
  'w-1/2',
  'w-4/5',
  'w-1/3',
  'w-3/5',
  'w-2/3',
  'w-2/5',
] as const

/** Lines of a log. */
export function LinesSkeleton({ label }: { label: string }) {
  return (
    <div role="status" aria-label={label} className="grow overflow-hidden px-4 py-2 sm:px-6">
      {widths.map((width, index) => (
        <div key={index} className="flex h-[22px] items-center gap-3">
          <Skeleton className="h-2.5 w-20 shrink-0" />
          <Skeleton className="h-2.5 w-10 shrink-0" />
          <span className="grow">
            <Skeleton className={`h-2.5 ${width}`} />
          </span>
        </div>
      ))}
    </div>
  )
}

function BoxesSkeleton({ label }: { label: string }) {
  return (
    <div role="status" aria-label={label} className="flex max-w-4xl flex-col gap-8 px-4 py-6 sm:px-6">
      {['h-28', 'h-44', 'h-20'].map((height) => (
        <div key={height} className="flex flex-col gap-2.5">
          <Skeleton className="h-4 w-40" />
          <Skeleton className={`w-full ${height}`} />
        </div>
      ))}
    </div>
  )
}

function FormSkeleton({ label }: { label: string }) {
  return (
    <div role="status" aria-label={label} className="lg:grid lg:min-h-full lg:grid-cols-[216px_minmax(0,1fr)]">
      <div className="hidden flex-col gap-2 border-r border-border p-4 lg:flex">
        {[0, 1, 2].map((index) => (
          <Skeleton key={index} className="h-4" />
        ))}
      </div>
      <div className="grid content-start gap-4 px-4 py-4 sm:px-6 xl:grid-cols-2">
        <Skeleton className="h-9 xl:col-span-2" />
        <Skeleton className="h-56" />
        <Skeleton className="h-36" />
      </div>
    </div>
  )
}
