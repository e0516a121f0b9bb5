import { ScreenSkeleton } from '#components/ui/screen-skeleton.tsx'

export default function Loading() {
  return <ScreenSkeleton title="Catalogue" filters={5} />
}
