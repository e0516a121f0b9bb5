'use client'
import { zodResolver } from '@hookform/resolvers/zod'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useRouter } from 'next/navigation'
import { useForm } from 'react-hook-form'
import { z } from 'zod'
import { serviceName } from '#contract/names.ts'
import { paths } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { usePlace } from '#components/frame/place.ts'
import { DialogForm } from '#components/ui/dialog-form.tsx'
import { ErrorLine } from '#components/ui/error-state.tsx'
import { Field } from '#components/ui/field.tsx'
import { Input } from '#components/ui/input.tsx'
import { Skeleton } from '#components/ui/skeleton.tsx'
import { TemplateChoice } from './template-choice.tsx'

const schema = z.object({ name: serviceName, template: z.string().min(1, 'choose a template') })

/** Template and name; then the editor opens on it. */
export function NewService({ template: wanted, onDismiss }: { template?: string | undefined; onDismiss: () => void }) {
  const place = usePlace()
  const trpc = useTRPC()
  const router = useRouter()
  const queries = useQueryClient()
  const templates = useQuery(trpc.templates.list.queryOptions())
  const form = useForm({
    resolver: zodResolver(schema),
    defaultValues: { name: '', template: '' },
    values: {
      name: '',
      template: (templates.data?.find(({ name }) => name === wanted) ?? templates.data?.[0])?.name ?? '',
    },
    resetOptions: { keepDirtyValues: true },
  })
  const create = useMutation(
    trpc.services.create.mutationOptions({
      onSuccess: (service) => {
        void queries.invalidateQueries(trpc.services.pathFilter())
        router.push(paths.service({ ...place, service: service.name }, 'code'))
      },
    }),
  )
  const { errors } = form.formState
  return (
    <DialogForm
      title="New service"
      place="side"
      form={form}
      submit="Create and open the editor"
      reason={templates.data === undefined ? 'Templates are loading' : null}
      busy={create.isPending || create.isSuccess}
      error={create.error}
      onSubmit={({ name, template }) => create.mutate({ team: place.team, name, template })}
      onDismiss={onDismiss}
    >
      <Field
        label="Name"
        hint="Callers use this name. Lower-case letters, digits, dashes."
        error={errors.name?.message}
      >
        {(control) => (
          <Input {...control} {...form.register('name')} autoFocus placeholder="hello" className="font-mono" />
        )}
      </Field>
      {templates.error !== null && <ErrorLine error={templates.error} />}
      {templates.isPending && (
        <div className="flex flex-col gap-2" role="status" aria-label="Loading the templates">
          {[0, 1, 2].map((n) => (
            <Skeleton key={n} className="h-[58px]" />
          ))}
        </div>
      )}
      {templates.data !== undefined && (
        <TemplateChoice
          templates={templates.data}
          value={form.watch('template')}
          onChange={(template) => form.setValue('template', template, { shouldValidate: true })}
          error={errors.template?.message}
        />
      )}
      <p className="text-small text-muted">Nothing is deployed yet. You see the source first, and deploy from there.</p>
    </DialogForm>
  )
}
