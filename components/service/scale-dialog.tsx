'use client'
import { useMutation } from '@tanstack/react-query'
import { useForm } from 'react-hook-form'
import type { ServiceSettings } from '#contract/records.ts'
import type { OfService } from '#client/paths.ts'
import { toastDone } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import { useEnvironment } from '#components/frame/environment.ts'
import { inEnvironment } from '#components/frame/production.ts'
import { DialogForm } from '#components/ui/dialog-form.tsx'
import { Field } from '#components/ui/field.tsx'
import { Input } from '#components/ui/input.tsx'

export function ScaleDialog({
  at,
  settings,
  onDismiss,
}: {
  at: OfService
  settings: ServiceSettings
  onDismiss: () => void
}) {
  const trpc = useTRPC()
  const environment = useEnvironment()
  const form = useForm({ defaultValues: { min: settings.min, max: settings.max } })
  const scale = useMutation(
    trpc.deployments.scale.mutationOptions({
      onSuccess: (_, { min, max }) => {
        toastDone(`${at.service} scales to ${min === max ? min : `${min} to ${max}`}`)
        onDismiss()
      },
    }),
  )
  const { errors } = form.formState
  const bounds = (least: number) => ({
    valueAsNumber: true,
    required: 'a number',
    min: { value: least, message: `at least ${least}` },
    max: { value: 32, message: 'at most 32' },
  })
  return (
    <DialogForm
      title={`Scale ${at.service}`}
      form={form}
      submit={environment === undefined ? 'Scale' : inEnvironment('Scale', environment)}
      busy={scale.isPending}
      error={scale.error}
      onSubmit={({ min, max }) => scale.mutate({ ...at, min, max })}
      onDismiss={onDismiss}
    >
      <div className="grid grid-cols-2 gap-3">
        <Field label="At least" hint="0: it sleeps when idle." error={errors.min?.message}>
          {(control) => (
            <Input {...control} {...form.register('min', bounds(0))} type="number" min={0} max={32} autoFocus />
          )}
        </Field>
        <Field label="At most" hint="Instances are added under load." error={errors.max?.message}>
          {(control) => (
            <Input
              {...control}
              {...form.register('max', {
                ...bounds(1),
                validate: (max, { min }) => max >= min || 'not below the minimum',
              })}
              type="number"
              min={1}
              max={32}
            />
          )}
        </Field>
      </div>
      <p className="text-muted">The same revision is deployed with the new number of instances. No request is lost.</p>
    </DialogForm>
  )
}
