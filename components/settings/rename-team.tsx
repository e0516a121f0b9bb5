'use client'
import { zodResolver } from '@hookform/resolvers/zod'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRouter } from 'next/navigation'
import { useForm } from 'react-hook-form'
import { z } from 'zod'
import { teamName } from '#contract/names.ts'
import { paths } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { usePlace } from '#components/frame/place.ts'
import { DialogForm } from '#components/ui/dialog-form.tsx'
import { Field } from '#components/ui/field.tsx'
import { Input } from '#components/ui/input.tsx'

export function RenameTeam({ onDismiss }: { onDismiss: () => void }) {
  const place = usePlace()
  const trpc = useTRPC()
  const queries = useQueryClient()
  const router = useRouter()
  const form = useForm({ resolver: zodResolver(z.object({ name: teamName })), defaultValues: { name: place.team } })
  const rename = useMutation(
    trpc.teams.rename.mutationOptions({
      onSuccess: async (_, { name }) => {
        await queries.invalidateQueries(trpc.person.pathFilter())
        router.replace(paths.settings({ ...place, team: name }))
      },
    }),
  )
  return (
    <DialogForm
      title="Rename the team"
      form={form}
      submit="Rename"
      busy={rename.isPending || rename.isSuccess}
      error={rename.error}
      onSubmit={({ name }) => rename.mutate({ team: place.team, name })}
      onDismiss={onDismiss}
    >
      <Field
        label="Name"
        hint="Part of its services’ addresses. The old ones redirect."
        error={form.formState.errors.name?.message}
      >
        {(control) => <Input {...control} {...form.register('name')} autoFocus className="font-mono" />}
      </Field>
    </DialogForm>
  )
}
