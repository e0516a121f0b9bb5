import { RowsSkeleton } from '#components/ui/skeleton.tsx'

export default function Loading() {
  return <RowsSkeleton label="Loading the service" />
}
