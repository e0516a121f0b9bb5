'use client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useForm } from 'react-hook-form'
import { useTRPC } from '#client/trpc.ts'
import { useViewer } from '#components/frame/may.ts'
import { DialogForm } from '#components/ui/dialog-form.tsx'
import { Field } from '#components/ui/field.tsx'
import { Input } from '#components/ui/input.tsx'

export function ChangeName({ onDismiss }: { onDismiss: () => void }) {
  const trpc = useTRPC()
  const queries = useQueryClient()
  const { person } = useViewer()
  const form = useForm({ defaultValues: { name: person.name } })
  const rename = useMutation(
    trpc.person.rename.mutationOptions({
      onSuccess: async () => {
        await queries.invalidateQueries(trpc.person.pathFilter())
        onDismiss()
      },
    }),
  )
  return (
    <DialogForm
      title="Your name"
      form={form}
      submit="Save"
      busy={rename.isPending}
      error={rename.error}
      onSubmit={({ name }) => rename.mutate({ name })}
      onDismiss={onDismiss}
    >
      <Field label="Name" error={form.formState.errors.name?.message}>
        {(control) => (
          <Input
            {...control}
            {...form.register('name', { required: 'enter your name', maxLength: 100 })}
            autoFocus
            autoComplete="name"
          />
        )}
      </Field>
    </DialogForm>
  )
}
