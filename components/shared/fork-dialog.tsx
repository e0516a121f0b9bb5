'use client'
import { zodResolver } from '@hookform/resolvers/zod'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRouter } from 'next/navigation'
import { useForm } from 'react-hook-form'
import { z } from 'zod'
import { serviceName } from '#contract/names.ts'
import type { Service } from '#contract/records.ts'
import { paths } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { usePlace } from '#components/frame/place.ts'
import { DialogForm } from '#components/ui/dialog-form.tsx'
import { Field } from '#components/ui/field.tsx'
import { Input } from '#components/ui/input.tsx'

/** A service of one's own that begins where another team's is. */
export function ForkDialog({ service, name, onDismiss }: { service: Service; name: string; onDismiss: () => void }) {
  const place = usePlace()
  const trpc = useTRPC()
  const queries = useQueryClient()
  const router = useRouter()
  const form = useForm({
    resolver: zodResolver(z.object({ name: serviceName })),
    defaultValues: { name: service.name },
  })
  const fork = useMutation(
    trpc.shared.fork.mutationOptions({
      onSuccess: ({ name: made }) => {
        void queries.invalidateQueries(trpc.services.pathFilter())
        router.push(paths.code({ ...place, service: made }))
      },
    }),
  )
  return (
    <DialogForm
      title={`Fork ${name}`}
      description={`Its source and history up to ${service.revision ?? 'now'} become a service of ${place.team}. Variables and secrets are not copied.`}
      form={form}
      submit="Fork"
      busy={fork.isPending || fork.isSuccess}
      error={fork.error}
      onDismiss={onDismiss}
      onSubmit={({ name: as }) => fork.mutate({ team: place.team, name, as })}
    >
      <Field
        label="Name"
        hint={`In ${place.team}. Nothing runs until you deploy it.`}
        error={form.formState.errors.name?.message}
      >
        {(control) => <Input {...control} {...form.register('name')} autoFocus className="font-mono" />}
      </Field>
    </DialogForm>
  )
}
