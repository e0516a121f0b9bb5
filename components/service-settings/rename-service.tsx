'use client'
import { zodResolver } from '@hookform/resolvers/zod'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRouter } from 'next/navigation'
import { useForm } from 'react-hook-form'
import { z } from 'zod'
import { serviceName } from '#contract/names.ts'
import { paths } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { useService } from '#components/frame/service.ts'
import { DialogForm } from '#components/ui/dialog-form.tsx'
import { Field } from '#components/ui/field.tsx'
import { Input } from '#components/ui/input.tsx'

export function RenameService({ onDismiss }: { onDismiss: () => void }) {
  const at = useService()
  const trpc = useTRPC()
  const queries = useQueryClient()
  const router = useRouter()
  const form = useForm({ resolver: zodResolver(z.object({ name: serviceName })), defaultValues: { name: at.service } })
  const rename = useMutation(
    trpc.services.rename.mutationOptions({
      onSuccess: async (_, { name }) => {
        await queries.invalidateQueries(trpc.services.catalogue.pathFilter())
        router.replace(paths.service({ ...at, service: name }, 'settings'))
      },
    }),
  )
  return (
    <DialogForm
      title="Rename the service"
      form={form}
      submit="Rename"
      busy={rename.isPending || rename.isSuccess}
      error={rename.error}
      onSubmit={({ name }) => rename.mutate({ team: at.team, service: at.service, name })}
      onDismiss={onDismiss}
    >
      <Field
        label="Name"
        hint="Part of its address. The old name redirects."
        error={form.formState.errors.name?.message}
      >
        {(control) => <Input {...control} {...form.register('name')} autoFocus className="font-mono" />}
      </Field>
    </DialogForm>
  )
}
