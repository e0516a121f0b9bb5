'use client'
import { zodResolver } from '@hookform/resolvers/zod'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useForm } from 'react-hook-form'
import { z } from 'zod'
import type { Variable } from '#contract/records.ts'
import { toastDone } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import { useService } from '#components/frame/service.ts'
import { DialogForm } from '#components/ui/dialog-form.tsx'
import { Field } from '#components/ui/field.tsx'
import { Input, Select, Textarea } from '#components/ui/input.tsx'

const schema = z.object({
  name: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'Letters, digits and underscores, such as API_KEY'),
  value: z.string().max(64 * 1024, 'At most 64 KiB'),
  kind: z.enum(['variable', 'secret']),
})

/** A new variable, or a new value for one; a secret begins empty, as it is never shown again. */
export function SetVariable({ variable, onDismiss }: { variable: Variable | null; onDismiss: () => void }) {
  const at = useService()
  const trpc = useTRPC()
  const queries = useQueryClient()
  const form = useForm({
    resolver: zodResolver(schema),
    defaultValues: { name: variable?.name ?? '', value: variable?.value ?? '', kind: variable?.secret ? 'secret' : 'variable' } as z.infer<typeof schema>,
  })
  const set = useMutation(trpc.variables.set.mutationOptions({
    onSuccess: (_, { name }) => {
      void queries.invalidateQueries(trpc.variables.pathFilter())
      onDismiss()
      toastDone(`${name} is set`, { description: `Restart ${at.service} to have it in force.` })
    },
  }))
  const { errors } = form.formState
  return (
    <DialogForm
      title={variable === null ? 'Add a variable' : `Set ${variable.name}`}
      form={form}
      submit={`Set in ${at.environment}`}
      busy={set.isPending}
      error={set.error}
      onSubmit={({ name, value, kind }) => set.mutate({ ...at, name, value, secret: kind === 'secret' })}
      onDismiss={onDismiss}
    >
      <Field label="Name" error={errors.name?.message}>
        {(control) => <Input {...control} {...form.register('name')} autoFocus={variable === null} readOnly={variable !== null} className="font-mono" />}
      </Field>
      <Field label="Value" error={errors.value?.message}>
        {(control) => <Textarea {...control} {...form.register('value')} rows={3} autoFocus={variable !== null} className="font-mono" />}
      </Field>
      <Field label="Kind" hint="A secret is kept encrypted, masked in logs, and never shown again." error={errors.kind?.message}>
        {(control) => <Select {...control} {...form.register('kind')}><option value="variable">Variable</option><option value="secret">Secret</option></Select>}
      </Field>
    </DialogForm>
  )
}
