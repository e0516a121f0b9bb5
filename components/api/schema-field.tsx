'use client'
import { Plus, X } from 'lucide-react'
import { type ReactNode, useId, useState } from 'react'
import { IconButton, Button } from '#components/ui/button.tsx'
import { Select } from '#components/ui/input.tsx'
import { FieldRow, Group } from './field-row.tsx'
import { JsonInput, NumberInput, TextInput } from './scalar-inputs.tsx'
import { choiceOf, compact, type FieldModel, initialOf, type Json, own } from './schema-form.ts'

export interface SchemaFieldProps {
  name: string
  model: FieldModel
  required: boolean
  value: Json | undefined
  onChange: (value: Json | undefined) => void
  /** Of this field in the whole: `lines.0.sku`. */
  path: string
  problems: ReadonlyMap<string, string>
  /** Beside the label: what takes an entry out of its list. */
  aside?: ReactNode
}

/** One value of a request: its label, what it is, and the control for it. Undefined is not sent. */
export function SchemaField(props: SchemaFieldProps) {
  const { model, value, onChange, required } = props
  const id = useId()
  const isNull = value === null && model.nullable
  const nested =
    model.kind === 'object' ||
    model.kind === 'array' ||
    model.kind === 'map' ||
    (model.kind === 'choice' && !isOfScalars(model))
  const left = value === undefined && !required
  return (
    <FieldRow
      id={id}
      name={props.name}
      kind={kindWord(model)}
      optional={!required}
      description={model.description}
      problem={props.problems.get(props.path)}
      nested={nested && !isNull && !left}
      aside={
        <>
          {model.nullable && (
            <NullToggle
              on={isNull}
              onChange={(on) => onChange(on ? null : initialOf({ ...model, nullable: false, initial: undefined }))}
            />
          )}
          {nested && !required && value !== undefined && (
            <IconButton size="small" label={`Omit ${props.name}`} onClick={() => onChange(undefined)}>
              <X />
            </IconButton>
          )}
          {props.aside}
        </>
      }
    >
      {isNull ? (
        <span className="flex h-[30px] items-center font-mono text-small text-muted">null</span>
      ) : nested && left ? (
        <Button
          size="small"
          className="my-[3px] self-start"
          onClick={() => onChange(initialOf({ ...model, nullable: false }) ?? (model.kind === 'array' ? [] : {}))}
        >
          <Plus />
          Add {props.name}
        </Button>
      ) : (
        <Control {...props} id={id} />
      )}
    </FieldRow>
  )
}

/** The parts of an object, without a label of its own: also the whole form. */
export function ObjectFields({
  fields,
  value,
  onChange,
  path,
  problems,
}: Pick<SchemaFieldProps, 'value' | 'onChange' | 'path' | 'problems'> & {
  fields: Extract<FieldModel, { kind: 'object' }>['fields']
}) {
  const set = (name: string, inner: Json | undefined) => {
    const rest = isRecord(value) ? Object.entries(value) : []
    onChange(
      compact(
        rest.some(([key]) => key === name)
          ? rest.map(([key, old]) => [key, key === name ? inner : old] as const)
          : [...rest, [name, inner] as const],
      ),
    )
  }
  return (
    <>
      {fields.map(({ name, required, model }) => (
        <SchemaField
          key={name}
          name={name}
          required={required}
          model={model}
          value={own(value, name)}
          onChange={(inner) => set(name, inner)}
          path={path === '' ? name : `${path}.${name}`}
          problems={problems}
        />
      ))}
    </>
  )
}

function Control(props: SchemaFieldProps & { id: string }) {
  const { model, value, onChange, id, path, problems, required } = props
  const control = { id, 'aria-invalid': problems.has(path) || undefined, 'aria-describedby': `${id}-line` } as const
  switch (model.kind) {
    case 'string':
      return <TextInput {...control} model={model} required={required} value={value} onChange={onChange} />
    case 'number':
      return <NumberInput {...control} model={model} value={value} onChange={onChange} />
    case 'boolean':
      return required && value !== undefined ? (
        <label className="flex h-[30px] cursor-pointer items-center gap-2">
          <input
            type="checkbox"
            {...control}
            checked={value === true}
            onChange={(event) => onChange(event.target.checked)}
            className="size-3.5 accent-action"
          />
          <span className="font-mono text-small text-muted">{value === true ? 'true' : 'false'}</span>
        </label>
      ) : (
        <Select
          {...control}
          value={typeof value === 'boolean' ? String(value) : ''}
          onChange={(event) => onChange(event.target.value === '' ? undefined : event.target.value === 'true')}
        >
          <option value="">not sent</option>
          <option>true</option>
          <option>false</option>
        </Select>
      )
    case 'enum': {
      const at = model.options.findIndex((option) => JSON.stringify(option) === JSON.stringify(value))
      return (
        <Select
          {...control}
          value={String(at)}
          onChange={(event) => onChange(model.options[Number(event.target.value)])}
        >
          {(at === -1 || !required) && <option value="-1">not sent</option>}
          {model.options.map((option, index) => (
            <option key={index} value={String(index)}>
              {typeof option === 'string' ? option : JSON.stringify(option)}
            </option>
          ))}
        </Select>
      )
    }
    case 'object':
      return model.fields.length === 0 ? (
        <JsonInput {...control} value={value} onChange={onChange} />
      ) : (
        <Group>
          <ObjectFields {...props} fields={model.fields} />
        </Group>
      )
    case 'array':
      return <ArrayControl {...props} model={model} />
    case 'map':
      return <MapControl {...props} model={model} />
    case 'choice':
      return <ChoiceControl {...props} model={model} />
    case 'json':
      return <JsonInput {...control} value={value} onChange={onChange} />
  }
}

type Of<K extends FieldModel['kind']> = Omit<SchemaFieldProps, 'model'> & {
  id: string
  model: Extract<FieldModel, { kind: K }>
}

function ArrayControl({ model, name, value, onChange, path, problems }: Of<'array'>) {
  const items = Array.isArray(value) ? value : []
  const full = model.maxItems !== undefined && items.length >= model.maxItems
  return (
    <Group>
      {items.map((item, index) => (
        <SchemaField
          key={index}
          name={`${index + 1}`}
          required
          model={model.item}
          value={item}
          onChange={(inner) => onChange(items.with(index, inner ?? null))}
          path={`${path}.${index}`}
          problems={problems}
          aside={
            <IconButton
              size="small"
              label={`Remove entry ${index + 1} of ${name}`}
              onClick={() => onChange(items.toSpliced(index, 1))}
            >
              <X />
            </IconButton>
          }
        />
      ))}
      <Button
        size="small"
        className="my-1 self-start"
        reason={full ? `At most ${model.maxItems}` : null}
        onClick={() => onChange([...items, initialOf(model.item) ?? null])}
      >
        <Plus />
        Add to {name}
      </Button>
    </Group>
  )
}

function MapControl({ model, name, value, onChange, path, problems }: Of<'map'>) {
  const entries = isRecord(value) ? Object.entries(value) : []
  const put = (next: [string, Json][]) => onChange(Object.fromEntries(next))
  const free = (at = 1): string => (entries.some(([key]) => key === `name${at}`) ? free(at + 1) : `name${at}`)
  return (
    <Group>
      {entries.map(([key, inner], index) => (
        <div key={index} className="flex flex-col gap-1 py-1">
          <div className="flex items-center gap-1">
            <input
              aria-label={`Name of entry ${index + 1} of ${name}`}
              value={key}
              spellCheck={false}
              onChange={(event) => put(entries.with(index, [event.target.value, inner]))}
              className="h-6 min-w-0 grow rounded-[4px] border border-border-input bg-raised px-2 font-mono text-small"
            />
            <IconButton size="small" label={`Remove ${key}`} onClick={() => put(entries.toSpliced(index, 1))}>
              <X />
            </IconButton>
          </div>
          <SchemaField
            name={key}
            required
            model={model.value}
            value={inner}
            onChange={(next) => put(entries.with(index, [key, next ?? null]))}
            path={`${path}.${key}`}
            problems={problems}
          />
        </div>
      ))}
      <Button
        size="small"
        className="my-1 self-start"
        onClick={() => put([...entries, [free(), initialOf(model.value) ?? null]])}
      >
        <Plus />
        Add to {name}
      </Button>
    </Group>
  )
}

function ChoiceControl({ model, name, id, value, onChange, path, problems }: Of<'choice'>) {
  // The chosen type stays selected while its field is empty or its value fits another type as well.
  const [picked, setPicked] = useState<{ at: number; value: Json | undefined } | null>(null)
  const at = picked !== null && picked.value === value ? picked.at : choiceOf(model.choices, value)
  const chosen = model.choices[at]
  const put = (next: Json | undefined, choice = at) => {
    setPicked({ at: choice, value: next })
    onChange(next)
  }
  const Frame = isOfScalars(model) ? Beside : Group
  return (
    <Frame>
      <Select
        className={isOfScalars(model) ? 'w-28 shrink-0' : 'my-1'}
        value={String(at)}
        onChange={(event) => {
          const next = model.choices[Number(event.target.value)]
          if (next !== undefined) put(initialOf(next.model), Number(event.target.value))
        }}
        aria-label={`Type of ${name}`}
      >
        {model.choices.map(({ label }, index) => (
          <option key={index} value={String(index)}>
            {label}
          </option>
        ))}
      </Select>
      {chosen !== undefined &&
        (chosen.model.kind === 'object' ? (
          <ObjectFields fields={chosen.model.fields} value={value} onChange={put} path={path} problems={problems} />
        ) : isScalar(chosen.model) ? (
          <div className="min-w-0 grow">
            <Control
              name={name}
              required
              model={chosen.model}
              id={id}
              value={value}
              onChange={put}
              path={path}
              problems={problems}
            />
          </div>
        ) : (
          <SchemaField
            name={name}
            required
            model={chosen.model}
            value={value}
            onChange={put}
            path={path}
            problems={problems}
          />
        ))}
    </Frame>
  )
}

function NullToggle({ on, onChange }: { on: boolean; onChange: (on: boolean) => void }) {
  return (
    <label className="flex cursor-pointer items-center gap-1 font-mono text-tiny text-muted">
      <input
        type="checkbox"
        checked={on}
        onChange={(event) => onChange(event.target.checked)}
        className="size-3 accent-action"
      />
      null
    </label>
  )
}

/** The type and the value of a union of scalars, in one line. */
function Beside({ children }: { children: ReactNode }) {
  return <div className="flex items-start gap-2">{children}</div>
}

const isOfScalars = (model: Extract<FieldModel, { kind: 'choice' }>): boolean =>
  model.choices.every((each) => isScalar(each.model))
const isScalar = ({ kind, nullable }: FieldModel): boolean =>
  !nullable && ['string', 'number', 'boolean', 'enum', 'json'].includes(kind)

function kindWord(model: FieldModel): string {
  switch (model.kind) {
    case 'string':
      return model.format ?? 'text'
    case 'number':
      return model.integer ? 'integer' : 'number'
    case 'enum':
      return 'one of'
    case 'array':
      return 'list'
    case 'json':
      return 'any'
    default:
      return model.kind
  }
}

const isRecord = (value: Json | undefined): value is Record<string, Json> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
