'use client'
import { useId } from 'react'
import { Badge } from '#components/ui/badge.tsx'

export interface Template {
  name: string
  title: string
  description: string
  language: string
}

/** Templates as radio buttons, each with what it is. */
export function TemplateChoice({
  templates,
  value,
  onChange,
  error,
}: {
  templates: readonly Template[]
  value: string
  onChange: (name: string) => void
  error?: string | undefined
}) {
  const group = useId()
  return (
    <fieldset>
      <legend className="mb-1 font-medium">Template</legend>
      <div className="flex flex-col gap-2">
        {templates.map((template) => (
          <label
            key={template.name}
            className="flex cursor-pointer items-start gap-2.5 rounded border border-border px-3 py-2 hover:border-border-strong has-checked:border-accent has-checked:bg-accent-soft has-focus-visible:outline-2 has-focus-visible:outline-offset-1 has-focus-visible:outline-accent"
          >
            <input
              type="radio"
              name={group}
              className="mt-[3px] size-3.5 shrink-0 accent-action"
              checked={template.name === value}
              onChange={() => onChange(template.name)}
            />
            <span className="min-w-0 grow">
              <span className="flex items-center justify-between gap-2">
                <span className="font-medium">{template.title}</span>
                <Badge>{template.language}</Badge>
              </span>
              <span className="block text-small text-pretty text-muted">{template.description}</span>
            </span>
          </label>
        ))}
      </div>
      {error !== undefined && (
        <p role="alert" className="mt-1 text-small text-bad">
          {error}
        </p>
      )}
    </fieldset>
  )
}
