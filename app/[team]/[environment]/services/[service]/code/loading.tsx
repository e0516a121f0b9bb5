import { EditorSkeleton } from '#components/code/editor-skeleton.tsx'

export default function Loading() {
  return <EditorSkeleton />
}
