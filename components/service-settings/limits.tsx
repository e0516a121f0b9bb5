'use client'
import { zodResolver } from '@hookform/resolvers/zod'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useForm } from 'react-hook-form'
import { z } from 'zod'
import type { Service } from '#contract/records.ts'
import { toastDone } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import { useService } from '#components/frame/service.ts'
import { DialogForm } from '#components/ui/dialog-form.tsx'
import { Field } from '#components/ui/field.tsx'
import { Input } from '#components/ui/input.tsx'
import { limitMeanings } from './limit-meanings.ts'

const schema = z
  .object({
    min: z.number('A whole number').int('A whole number').min(0, 'At least 0').max(32, 'At most 32'),
    max: z.number('A whole number').int('A whole number').min(1, 'At least 1').max(32, 'At most 32'),
    idleMinutes: z.number('Minutes').min(0, 'At least 0'),
    memoryMiB: z.number('A whole number').int('A whole number').min(32, 'At least 32').max(16_384, 'At most 16,384'),
    cpu: z.number('A number').min(0.05, 'At least 0.05').max(32, 'At most 32'),
    health: z.string().regex(/^\/\S*$/, 'Enter a path that begins with /'),
  })
  .refine(({ min, max }) => min <= max, { message: 'Not more than the maximum', path: ['min'] })

/** What m3o.json says of these wins, so those fields cannot be written. */
export function Limits({ service, onDismiss }: { service: Service; onDismiss: () => void }) {
  const at = useService()
  const trpc = useTRPC()
  const queries = useQueryClient()
  const { settings, locked } = service
  const form = useForm({
    resolver: zodResolver(schema),
    defaultValues: {
      min: settings.min,
      max: settings.max,
      idleMinutes: (settings.idleMs ?? 0) / 60_000,
      memoryMiB: settings.memoryMiB,
      cpu: settings.cpu,
      health: settings.health,
    },
  })
  const configure = useMutation(
    trpc.services.configure.mutationOptions({
      onSuccess: () => {
        void queries.invalidateQueries(trpc.services.pathFilter())
        onDismiss()
        toastDone(`Saved the limits of ${at.service}`)
      },
    }),
  )
  const { errors } = form.formState
  const field = (name: keyof z.infer<typeof schema>, label: string, key: string, hint?: string) => (
    <Field
      label={label}
      error={errors[name]?.message}
      hint={locked.includes(key) ? `"${key}" is set in m3o.json in the source: change it there.` : hint}
    >
      {(control) => (
        <Input
          {...control}
          {...form.register(name, { valueAsNumber: name !== 'health' })}
          readOnly={locked.includes(key)}
          inputMode={name === 'health' ? 'text' : 'decimal'}
          className="tabular"
        />
      )}
    </Field>
  )
  return (
    <DialogForm
      title="Instances and limits"
      place="side"
      form={form}
      submit={`Save for ${at.environment}`}
      busy={configure.isPending}
      error={configure.error}
      onSubmit={({ idleMinutes, ...rest }) =>
        configure.mutate({ ...at, settings: { ...rest, idleMs: idleMinutes === 0 ? null : idleMinutes * 60_000 } })
      }
      onDismiss={onDismiss}
    >
      <div className="grid grid-cols-2 gap-3">
        {field('min', 'Minimum instances', 'instances', '0: it may sleep.')}
        {field('max', 'Maximum instances', 'instances', limitMeanings.instances)}
      </div>
      {field('idleMinutes', 'Sleeps after, in minutes', 'idle', `0: never. ${limitMeanings.idle}`)}
      {field('memoryMiB', 'Memory per instance, in MiB', 'memory', limitMeanings.memory)}
      {field('cpu', 'CPU cores per instance', 'cpu', limitMeanings.cpu)}
      {field('health', 'Health path', 'health', limitMeanings.health)}
    </DialogForm>
  )
}
