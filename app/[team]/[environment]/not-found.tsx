import { SearchX } from 'lucide-react'
import { EmptyState } from '#components/ui/empty-state.tsx'

export default function NotFound() {
  return <EmptyState icon={<SearchX />} title="There is nothing here">What this address names does not exist, or not any more. Search for it with ⌘K or Ctrl K.</EmptyState>
}
