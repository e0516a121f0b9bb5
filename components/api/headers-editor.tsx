'use client'
import { Plus, X } from 'lucide-react'
import { Button, IconButton } from '#components/ui/button.tsx'
import { Input } from '#components/ui/input.tsx'

const nameShape = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,200}$/

/** Headers as rows. Those that the platform says itself (Host, Authorization …) are left to it. */
export function HeadersEditor({
  headers,
  onChange,
}: {
  headers: readonly [string, string][]
  onChange: (headers: [string, string][]) => void
}) {
  return (
    <div className="flex flex-col gap-1.5">
      {headers.map(([name, value], at) => (
        <div key={at} className="flex items-center gap-1.5">
          <Input
            aria-label={`Name of header ${at + 1}`}
            placeholder="X-Request-Id"
            className="basis-2/5 font-mono text-small!"
            value={name}
            aria-invalid={(name !== '' && !nameShape.test(name)) || undefined}
            title={name !== '' && !nameShape.test(name) ? 'Letters, digits and - only' : undefined}
            onChange={(event) => onChange(headers.toSpliced(at, 1, [event.target.value, value]))}
          />
          <Input
            aria-label={`Value of header ${at + 1}`}
            className="font-mono text-small!"
            value={value}
            onChange={(event) => onChange(headers.toSpliced(at, 1, [name, event.target.value]))}
          />
          <IconButton label={`Remove header ${at + 1}`} onClick={() => onChange(headers.toSpliced(at, 1))}>
            <X />
          </IconButton>
        </div>
      ))}
      <Button size="small" className="self-start" onClick={() => onChange([...headers, ['', '']])}>
        <Plus />
        Add a header
      </Button>
    </div>
  )
}

export const headersProblem = (headers: readonly [string, string][]): string | null =>
  headers.some(([name]) => name.trim() !== '' && !nameShape.test(name.trim()))
    ? 'A header name can contain only letters, digits and dashes'
    : null
