'use client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Suspense } from 'react'
import { useForm } from 'react-hook-form'
import type { Deprecation } from '#contract/sharing.ts'
import { toastDone } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import { useService } from '#components/frame/service.ts'
import { Button } from '#components/ui/button.tsx'
import { DialogForm } from '#components/ui/dialog-form.tsx'
import { Field } from '#components/ui/field.tsx'
import { Input, Textarea } from '#components/ui/input.tsx'
import { AllDependants } from './all-dependants.tsx'

const dayOf = (at: number | null | undefined): string => (at == null ? '' : new Date(at).toISOString().slice(0, 10))

/** Tells those who use it to look for another: in the catalogue, on its page, and with every answer. */
export function DeprecateService({
  deprecation,
  onDismiss,
}: {
  deprecation: Deprecation | null
  onDismiss: () => void
}) {
  const at = useService()
  const trpc = useTRPC()
  const queries = useQueryClient()
  const form = useForm({
    defaultValues: {
      message: deprecation?.message ?? '',
      sunset: dayOf(deprecation?.sunset),
      replacement: deprecation?.replacement ?? '',
    },
  })
  const deprecate = useMutation(
    trpc.services.deprecate.mutationOptions({
      onSuccess: (_, { deprecation: now }) => {
        void queries.invalidateQueries(trpc.services.pathFilter())
        onDismiss()
        toastDone(
          now === null
            ? `Removed the deprecation of ${at.service}`
            : `Deprecated ${at.service}: its callers are notified`,
        )
      },
    }),
  )
  const { errors } = form.formState
  const of = { team: at.team, service: at.service }
  return (
    <DialogForm
      title="Deprecate"
      place="side"
      description="Calls still work. Responses carry the headers Deprecation and Sunset."
      form={form}
      submit={deprecation === null ? 'Deprecate' : 'Save'}
      busy={deprecate.isPending}
      error={deprecate.error}
      onDismiss={onDismiss}
      onSubmit={({ message, sunset, replacement }) =>
        deprecate.mutate({
          ...of,
          deprecation: {
            message,
            sunset: sunset === '' ? null : Date.parse(`${sunset}T00:00:00Z`),
            replacement: replacement.trim() === '' ? null : replacement.trim(),
          },
        })
      }
    >
      <Field label="Reason, and what to use instead" error={errors.message?.message}>
        {(control) => (
          <Textarea
            {...control}
            {...form.register('message', {
              validate: (text) => text.trim() !== '' || 'Enter a reason, or what to use instead',
              maxLength: { value: 500, message: 'At most 500 characters' },
            })}
            rows={3}
            autoFocus
          />
        )}
      </Field>
      <Field
        label="Stops on"
        optional
        hint="At the start of that day (UTC). The service is not stopped automatically."
        error={errors.sunset?.message}
      >
        {(control) => <Input {...control} {...form.register('sunset')} type="date" className="w-44" />}
      </Field>
      <Field
        label="Use instead"
        optional
        hint="A service of this team, or @team/service."
        error={errors.replacement?.message}
      >
        {(control) => (
          <Input
            {...control}
            {...form.register('replacement')}
            className="font-mono"
            placeholder="@payments/orders-2"
          />
        )}
      </Field>
      <Suspense>
        <AllDependants title="These callers are notified:" none="No calls in the last 30 days." />
      </Suspense>
      {deprecation !== null && (
        <div>
          <Button busy={deprecate.isPending} onClick={() => deprecate.mutate({ ...of, deprecation: null })}>
            Remove deprecation
          </Button>
        </div>
      )}
    </DialogForm>
  )
}
