'use client'
import { type ReactNode, useId, useMemo } from 'react'
import type { Endpoint } from '#contract/endpoints.ts'
import { Input, Select, Textarea } from '#components/ui/input.tsx'
import { Segments } from '#components/ui/segments.tsx'
import { type Method, methods } from './call-request.ts'
import { type Draft, inMode, jsonProblem, parseJson } from './draft.ts'
import { HeadersEditor } from './headers-editor.tsx'
import { SchemaField, ObjectFields } from './schema-field.tsx'
import { fieldOf } from './schema-form.ts'

interface Props {
  endpoint: Endpoint | null
  draft: Draft
  onChange: (draft: Draft) => void
  problems: ReadonlyMap<string, string>
}

export function RequestEditor({ endpoint, ...props }: Props) {
  return endpoint === null ? <PlainRequest {...props} /> : <EndpointRequest {...props} endpoint={endpoint} />
}

function EndpointRequest({ endpoint, draft, onChange, problems }: Props & { endpoint: Endpoint }) {
  const model = useMemo(() => fieldOf(endpoint.request), [endpoint.request])
  const problem = draft.mode === 'json' ? jsonProblem(draft.text) : undefined
  const setValue = (value: Draft['value']) => onChange({ ...draft, value })
  return (
    <>
      <Part
        title="Request"
        aside={
          <Segments
            label="Edit the request as"
            value={draft.mode}
            options={[
              { value: 'form', label: 'Form' },
              { value: 'json', label: 'JSON' },
            ]}
            onChange={(mode) => onChange(inMode(draft, mode))}
          />
        }
      >
        {draft.mode === 'json' ? (
          <JsonBody
            label="Request as JSON"
            text={draft.text}
            problem={problem}
            onChange={(text) => onChange({ ...draft, text, value: parseJson(text) ?? draft.value })}
          />
        ) : model.kind !== 'object' ? (
          <SchemaField
            name="body"
            model={model}
            required
            value={draft.value}
            onChange={setValue}
            path=""
            problems={problems}
          />
        ) : model.fields.length === 0 ? (
          <p className="py-1.5 text-muted">This endpoint takes no input.</p>
        ) : (
          <ObjectFields fields={model.fields} value={draft.value} onChange={setValue} path="" problems={problems} />
        )}
      </Part>
      <Part title="Headers">
        <HeadersEditor headers={draft.headers} onChange={(headers) => onChange({ ...draft, headers })} />
      </Part>
    </>
  )
}

function PlainRequest({ draft, onChange }: Omit<Props, 'endpoint'>) {
  const hasBody = !['GET', 'HEAD'].includes(draft.method)
  return (
    <>
      <Part title="Request">
        <div className="flex gap-1.5">
          <Select
            aria-label="Method"
            value={draft.method}
            onChange={(event) => onChange({ ...draft, method: event.target.value as Method })}
          >
            {methods.map((method) => (
              <option key={method}>{method}</option>
            ))}
          </Select>
          <Input
            aria-label="Path"
            className="font-mono"
            placeholder="/path?query"
            value={draft.path}
            onChange={(event) => onChange({ ...draft, path: event.target.value })}
          />
        </div>
      </Part>
      {hasBody && (
        <Part title="Body">
          <JsonBody
            label="Body"
            text={draft.body}
            problem={undefined}
            onChange={(body) => onChange({ ...draft, body })}
          />
        </Part>
      )}
      <Part title="Headers">
        <HeadersEditor headers={draft.headers} onChange={(headers) => onChange({ ...draft, headers })} />
      </Part>
    </>
  )
}

function JsonBody({
  label,
  text,
  problem,
  onChange,
}: {
  label: string
  text: string
  problem: string | undefined
  onChange: (text: string) => void
}) {
  const id = useId()
  return (
    <>
      <Textarea
        aria-label={label}
        aria-invalid={problem !== undefined || undefined}
        aria-describedby={id}
        rows={Math.min(24, Math.max(6, text.split('\n').length + 1))}
        className="font-mono text-small"
        value={text}
        onChange={(event) => onChange(event.target.value)}
      />
      <p id={id} className="min-h-4 text-small text-bad">
        {problem}
      </p>
    </>
  )
}

function Part({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <section aria-label={title} className="border-b border-border px-4 py-3 last:border-b-0">
      <div className="mb-1.5 flex min-h-7 items-center justify-between gap-2">
        <h3 className="text-small font-medium text-muted">{title}</h3>
        {aside}
      </div>
      {children}
    </section>
  )
}
