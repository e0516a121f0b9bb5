import { CopyButton } from '#components/ui/copy-button.tsx'
import { Property } from '#components/ui/page.tsx'

/** Something to be typed or pasted elsewhere. */
export function Address({ name, value }: { name: string; value: string }) {
  return (
    <Property name={name}>
      <span className="flex items-center justify-between gap-2">
        <code className="min-w-0 text-small break-all">{value}</code>
        <CopyButton text={value} label={`Copy: ${name}`} />
      </span>
    </Property>
  )
}
