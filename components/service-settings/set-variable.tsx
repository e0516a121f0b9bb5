'use client'
import { zodResolver } from '@hookform/resolvers/zod'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useForm } from 'react-hook-form'
import { z } from 'zod'
import type { Variable } from '#contract/records.ts'
import { problemOfVariable } from '#contract/variables.ts'
import { toastDone } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import { useEnvironment } from '#components/frame/environment.ts'
import { useService } from '#components/frame/service.ts'
import { Checkbox } from '#components/ui/checkbox.tsx'
import { DialogForm } from '#components/ui/dialog-form.tsx'
import { Field } from '#components/ui/field.tsx'
import { Input, Select, Textarea } from '#components/ui/input.tsx'
import { sentence } from '#components/ui/problem.ts'
import { looksSecret } from './env-file.ts'

const schema = z
  .object({ name: z.string(), value: z.string(), kind: z.enum(['variable', 'secret']), inheritable: z.boolean() })
  .superRefine(({ name, value }, context) => {
    const problem = problemOfVariable(name, value)
    if (problem !== undefined)
      context.addIssue({
        code: 'custom',
        path: [problem.field ?? 'name'],
        message: [problem.message, problem.fix ?? ''].map(sentence).join(' ').trim(),
      })
  })

/** A new variable, or a new value for one; a secret begins empty, as it is never shown again. */
export function SetVariable({ variable, onDismiss }: { variable: Variable | null; onDismiss: () => void }) {
  const at = useService()
  const trpc = useTRPC()
  const queries = useQueryClient()
  const isProtected = useEnvironment()?.protection != null
  const isOwn = variable !== null && variable.state === 'set' && variable.from === at.environment
  const form = useForm({
    resolver: zodResolver(schema),
    defaultValues: {
      name: variable?.name ?? '',
      value: variable?.value ?? '',
      kind: variable?.secret === true ? ('secret' as const) : ('variable' as const),
      inheritable: isOwn && variable.inheritable,
    },
  })
  const set = useMutation(
    trpc.variables.set.mutationOptions({
      onSuccess: (_, { name }) => {
        void queries.invalidateQueries(trpc.variables.pathFilter())
        void queries.invalidateQueries(trpc.services.pathFilter())
        onDismiss()
        toastDone(`Set ${name} in ${at.environment}`)
      },
    }),
  )
  const { errors, dirtyFields } = form.formState
  // Until somebody decides, the name and the value do.
  const guessKind = () => {
    if (variable !== null || dirtyFields.kind) return
    const { name, value } = form.getValues()
    form.setValue('kind', looksSecret({ name, value: value || 'x' }) ? 'secret' : 'variable')
  }
  return (
    <DialogForm
      title={variable === null ? 'Add a variable' : `Set ${variable.name}`}
      {...(variable !== null && !isOwn && { description: descriptionOf(variable, at.environment) })}
      form={form}
      submit={`Set in ${at.environment}`}
      busy={set.isPending}
      error={set.error}
      onSubmit={({ name, value, kind, inheritable }) =>
        set.mutate({
          ...at,
          name,
          value,
          secret: kind === 'secret',
          ...(kind === 'secret' && isProtected && { inheritable }),
        })
      }
      onDismiss={onDismiss}
    >
      <Field label="Name" error={errors.name?.message}>
        {(control) => (
          <Input
            {...control}
            {...form.register('name', { onChange: guessKind })}
            autoFocus={variable === null}
            readOnly={variable !== null}
            className="font-mono"
          />
        )}
      </Field>
      <Field label="Value" error={errors.value?.message}>
        {(control) => (
          <Textarea
            {...control}
            {...form.register('value', { onChange: guessKind })}
            rows={3}
            autoFocus={variable !== null}
            placeholder={variable?.secret ? 'New value; the current value is not shown' : undefined}
            className="font-mono"
          />
        )}
      </Field>
      <Field
        label="Kind"
        hint="A secret is encrypted, masked in logs, and never shown again."
        error={errors.kind?.message}
      >
        {(control) => (
          <Select {...control} {...form.register('kind')}>
            <option value="variable">Variable</option>
            <option value="secret">Secret</option>
          </Select>
        )}
      </Field>
      {isProtected && form.watch('kind') === 'secret' && (
        <Checkbox
          {...form.register('inheritable')}
          label="Inheritable"
          hint={`Otherwise, overrides in environments based on ${at.environment}, which is protected, do not get this secret.`}
        />
      )}
    </DialogForm>
  )
}

function descriptionOf({ state, from, overrides }: Variable, here: string): string {
  if (state === 'withheld') return `${from} does not share it: overrides in ${here} need their own value.`
  if (state === 'removed') return `It is excluded from ${here}, but set in ${overrides}.`
  return `It is inherited from ${from}. A value set here overrides it in ${here} and in environments based on it.`
}
