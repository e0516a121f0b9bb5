'use client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useForm } from 'react-hook-form'
import type { Consumer } from '#contract/sharing.ts'
import type { OfService } from '#client/paths.ts'
import { toastDone } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import { DialogForm } from '#components/ui/dialog-form.tsx'
import { Field } from '#components/ui/field.tsx'
import { Textarea } from '#components/ui/input.tsx'

const words = {
  approve: { title: 'Approve', submit: 'Approve', done: 'is approved', about: 'Its next call is accepted.' },
  decline: {
    title: 'Decline',
    submit: 'Decline',
    done: 'is declined',
    about: 'Its calls are still refused. It can request approval again.',
  },
  revoke: {
    title: 'Revoke the approval of',
    submit: 'Revoke',
    done: 'may no longer call it',
    about: 'Its next call is refused.',
  },
} as const

/** The team is told of it, with what one says. */
export function DecideDialog({
  at,
  consumer,
  verdict,
  onDismiss,
}: {
  at: OfService
  consumer: Consumer
  verdict: keyof typeof words
  onDismiss: () => void
}) {
  const trpc = useTRPC()
  const queries = useQueryClient()
  const { title, submit, done, about } = words[verdict]
  const form = useForm({ defaultValues: { answer: '' } })
  const decide = useMutation(
    trpc.consumers.decide.mutationOptions({
      onSuccess: () => {
        void queries.invalidateQueries(trpc.consumers.pathFilter())
        onDismiss()
        toastDone(`${consumer.team} ${done}`)
      },
    }),
  )
  return (
    <DialogForm
      title={`${title} ${consumer.team}`}
      description={about}
      form={form}
      submit={submit}
      busy={decide.isPending}
      error={decide.error}
      onDismiss={onDismiss}
      onSubmit={({ answer }) =>
        decide.mutate({
          team: at.team,
          service: at.service,
          of: consumer.team,
          verdict,
          answer,
          looked: { teamId: consumer.teamId, askedAt: consumer.askedAt },
        })
      }
    >
      {verdict !== 'revoke' && consumer.reason !== '' && (
        <blockquote className="border-l-2 border-border-strong pl-3 text-pretty text-muted">
          {consumer.reason}
        </blockquote>
      )}
      <Field label="Reason" optional hint="Shown on the service’s page." error={form.formState.errors.answer?.message}>
        {(control) => (
          <Textarea
            {...control}
            {...form.register('answer', { maxLength: { value: 1_000, message: 'At most 1,000 characters' } })}
            rows={3}
            autoFocus
          />
        )}
      </Field>
    </DialogForm>
  )
}
