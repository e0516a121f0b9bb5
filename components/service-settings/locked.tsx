import { Lock } from 'lucide-react'

/** Says that the source decides, and where to change it. */
export function Locked({ by }: { by: string }) {
  return (
    <span
      className="inline-flex items-center gap-1 text-small text-muted"
      title={`"${by}" is set in m3o.json in the source, which overrides the console: change it there and deploy.`}
    >
      <Lock aria-hidden className="size-3" />
      set by m3o.json
    </span>
  )
}
