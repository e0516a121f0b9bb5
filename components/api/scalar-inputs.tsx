'use client'
import { type ComponentProps, useState } from 'react'
import { Input, Textarea } from '#components/ui/input.tsx'
import { parseJson } from './draft.ts'
import { type FieldModel, type Json, unfit, unfitText } from './schema-form.ts'

interface Scalar {
  id: string
  'aria-invalid': true | undefined
  'aria-describedby': string
  value: Json | undefined
  onChange: (value: Json | undefined) => void
}

const inputTypes: Record<string, ComponentProps<'input'>['type']> = {
  date: 'date',
  time: 'time',
  email: 'email',
  uri: 'url',
  url: 'url',
}

/** An empty optional text is not sent. */
export function TextInput({
  model,
  required,
  value,
  onChange,
  ...control
}: Scalar & { model: Extract<FieldModel, { kind: 'string' }>; required: boolean }) {
  const shown = typeof value === 'string' ? value : ''
  const change = (text: string) => onChange(text === '' && !required ? undefined : text)
  const placeholder =
    model.format === 'date-time'
      ? '2026-01-31T12:00:00Z'
      : model.format === 'uuid'
        ? '00000000-0000-…'
        : value === undefined
          ? 'not sent'
          : undefined
  if (model.long)
    return (
      <Textarea
        {...control}
        rows={3}
        placeholder={placeholder}
        value={shown}
        onChange={(event) => change(event.target.value)}
      />
    )
  return (
    <Input
      {...control}
      type={inputTypes[model.format ?? ''] ?? 'text'}
      placeholder={placeholder}
      value={shown}
      onChange={(event) => change(event.target.value)}
    />
  )
}

/** What is typed stays as it was typed while it is no number yet. */
export function NumberInput({
  model,
  value,
  onChange,
  ...control
}: Scalar & { model: Extract<FieldModel, { kind: 'number' }> }) {
  const [typed, setTyped] = useState<string | null>(null)
  const bad = unfitText(value)
  const shown =
    bad ?? (typed !== null && asNumber(typed) === value ? typed : typeof value === 'number' ? String(value) : '')
  return (
    <Input
      {...control}
      inputMode={model.integer ? 'numeric' : 'decimal'}
      placeholder={value === undefined ? 'not sent' : undefined}
      value={shown}
      className="font-mono tabular"
      onChange={({ target: { value: text } }) => {
        setTyped(text)
        onChange(text.trim() === '' ? undefined : (asNumber(text) ?? unfit(text)))
      }}
    />
  )
}

const asNumber = (text: string): number | undefined =>
  text.trim() === '' || !Number.isFinite(Number(text)) ? undefined : Number(text)

/** Any value, as JSON; what does not parse yet is kept as it was typed. */
export function JsonInput({ value, onChange, ...control }: Scalar) {
  const [typed, setTyped] = useState<string | null>(null)
  const bad = unfitText(value)
  const isOwn = typed !== null && JSON.stringify(parseJson(typed)) === JSON.stringify(value)
  return (
    <Textarea
      {...control}
      rows={3}
      placeholder="JSON"
      value={bad ?? (isOwn ? typed : value === undefined ? '' : JSON.stringify(value, null, 2))}
      className="font-mono text-small"
      onChange={({ target: { value: text } }) => {
        setTyped(text)
        onChange(text.trim() === '' ? undefined : (parseJson(text) ?? unfit(text)))
      }}
    />
  )
}
