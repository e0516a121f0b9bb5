'use client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useForm } from 'react-hook-form'
import { type Consumer, perMinute as schema } from '#contract/sharing.ts'
import type { OfService } from '#client/paths.ts'
import { toastDone } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import { DialogForm } from '#components/ui/dialog-form.tsx'
import { Field } from '#components/ui/field.tsx'
import { Input } from '#components/ui/input.tsx'
import { spokenCount } from './usage.ts'

/** What the gateway lets through of one team. */
export function LimitDialog({
  at,
  consumer,
  usual,
  onDismiss,
}: {
  at: OfService
  consumer: Consumer
  usual: number | null
  onDismiss: () => void
}) {
  const trpc = useTRPC()
  const queries = useQueryClient()
  const form = useForm({ defaultValues: { perMinute: consumer.perMinute === null ? '' : String(consumer.perMinute) } })
  const limit = useMutation(
    trpc.consumers.limit.mutationOptions({
      onSuccess: () => {
        void queries.invalidateQueries(trpc.consumers.pathFilter())
        onDismiss()
        toastDone(`Saved the limit of ${consumer.team}`)
      },
    }),
  )
  const numberOf = (text: string) => (text.trim() === '' ? null : Number(text))
  return (
    <DialogForm
      title={`Limit the calls of ${consumer.team}`}
      description="For its services and members together. Calls over the limit get status 429 with a Retry-After header."
      form={form}
      submit="Save"
      busy={limit.isPending}
      error={limit.error}
      onDismiss={onDismiss}
      onSubmit={({ perMinute }) =>
        limit.mutate({ team: at.team, service: at.service, of: consumer.team, perMinute: numberOf(perMinute) })
      }
    >
      <Field
        label="Calls a minute"
        optional
        hint={`Empty: the limit for every team, ${usual === null ? 'none' : `${spokenCount(usual)} a minute`}.`}
        error={form.formState.errors.perMinute?.message}
      >
        {(control) => (
          <Input
            {...control}
            {...form.register('perMinute', {
              validate: (text) => {
                const of = numberOf(text)
                return of === null || schema.safeParse(of).success || 'A whole number, from 1 to 1,000,000'
              },
            })}
            autoFocus
            inputMode="numeric"
            className="tabular w-40"
          />
        )}
      </Field>
    </DialogForm>
  )
}
