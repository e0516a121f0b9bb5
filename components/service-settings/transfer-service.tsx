'use client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRouter } from 'next/navigation'
import { Suspense } from 'react'
import { useForm } from 'react-hook-form'
import { paths } from '#client/paths.ts'
import { toastDone } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import { useViewer } from '#components/frame/may.ts'
import { useService } from '#components/frame/service.ts'
import { DialogForm } from '#components/ui/dialog-form.tsx'
import { Field } from '#components/ui/field.tsx'
import { Input, Select } from '#components/ui/input.tsx'
import { AllDependants } from './all-dependants.tsx'

/** To another team of one's own, with all that belongs to it; its calls wait meanwhile, and its names lead to it. */
export function TransferService({ id, onDismiss }: { id: string; onDismiss: () => void }) {
  const at = useService()
  const trpc = useTRPC()
  const queries = useQueryClient()
  const router = useRouter()
  const { teams } = useViewer()
  const others = teams.filter(({ name, role }) => name !== at.team && role !== 'viewer')
  const form = useForm({ defaultValues: { to: others[0]?.name ?? '', typed: '' } })
  const transfer = useMutation(
    trpc.services.transfer.mutationOptions({
      onSuccess: (_, { to }) => {
        void queries.invalidateQueries(trpc.services.pathFilter())
        toastDone(`Transferred ${at.service} to ${to}`)
        router.push(paths.service({ team: to, environment: 'production', service: at.service }))
      },
    }),
  )
  return (
    <DialogForm
      title={`Transfer ${at.service}`}
      place="side"
      form={form}
      submit={`Transfer ${at.service}`}
      busy={transfer.isPending || transfer.isSuccess}
      error={transfer.error}
      onDismiss={onDismiss}
      reason={others.length === 0 ? 'You are not in another team where you may create services' : null}
      description="With its source, history, logs, variables, secrets and data. Calls wait while it moves."
      onSubmit={({ to }) => transfer.mutate({ team: at.team, service: at.service, to, id })}
    >
      <Field label="To the team" error={form.formState.errors.to?.message}>
        {(control) => (
          <Select {...control} {...form.register('to')}>
            {others.map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
          </Select>
        )}
      </Field>
      <p className="text-pretty text-muted">
        Its old name redirects, by path and by host, until {at.team} gives it to another service. {at.team} stays in its
        audience, so its calls still work. The new team can change that.
      </p>
      <Suspense>
        <AllDependants title="These callers are not affected:" none="No calls in the last 30 days." />
      </Suspense>
      <Field label={`Type ${at.service} to confirm`} error={form.formState.errors.typed?.message}>
        {(control) => (
          <Input
            {...control}
            {...form.register('typed', { validate: (text) => text === at.service || `Type ${at.service} first` })}
            autoComplete="off"
            className="font-mono"
          />
        )}
      </Field>
    </DialogForm>
  )
}
