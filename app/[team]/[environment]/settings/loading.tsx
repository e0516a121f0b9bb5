import { ScreenSkeleton } from '#components/ui/screen-skeleton.tsx'

export default function Loading() {
  return <ScreenSkeleton title="Settings" tabs={3} />
}
