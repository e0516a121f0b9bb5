'use client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useForm } from 'react-hook-form'
import { toastDone } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import { usePlace } from '#components/frame/place.ts'
import { DialogForm } from '#components/ui/dialog-form.tsx'
import { Field } from '#components/ui/field.tsx'
import { Textarea } from '#components/ui/input.tsx'

export function AskDialog({ name, onDismiss }: { name: string; onDismiss: () => void }) {
  const { team } = usePlace()
  const trpc = useTRPC()
  const queries = useQueryClient()
  const form = useForm({ defaultValues: { reason: '' } })
  const ask = useMutation(
    trpc.shared.ask.mutationOptions({
      onSuccess: () => {
        void queries.invalidateQueries(trpc.services.pathFilter())
        void queries.invalidateQueries(trpc.shared.pathFilter())
        onDismiss()
        toastDone(`Requested approval to call ${name}`)
      },
    }),
  )
  return (
    <DialogForm
      title={`Request approval to call ${name}`}
      description={`For all services and members of ${team}.`}
      form={form}
      submit="Ask"
      busy={ask.isPending}
      error={ask.error}
      onSubmit={({ reason }) => ask.mutate({ team, name, reason })}
      onDismiss={onDismiss}
    >
      <Field label="Reason" hint="Its team reads this before it decides." error={form.formState.errors.reason?.message}>
        {(control) => (
          <Textarea
            {...control}
            {...form.register('reason', {
              validate: (text) => text.trim() !== '' || 'Enter a reason',
              maxLength: { value: 1_000, message: 'At most 1,000 characters' },
            })}
            rows={4}
            autoFocus
          />
        )}
      </Field>
    </DialogForm>
  )
}
