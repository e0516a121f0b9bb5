import { ScreenSkeleton } from '#components/ui/screen-skeleton.tsx'

export default function Loading() {
  return <ScreenSkeleton title="Logs" filters={4} />
}
