'use client'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useForm } from 'react-hook-form'
import type { Service } from '#contract/records.ts'
import { tags } from '#contract/sharing.ts'
import { useTRPC } from '#client/trpc.ts'
import { useService } from '#components/frame/service.ts'
import { DialogForm } from '#components/ui/dialog-form.tsx'
import { ErrorLine } from '#components/ui/error-state.tsx'
import { Field } from '#components/ui/field.tsx'
import { Input, Select, Textarea } from '#components/ui/input.tsx'
import { Skeleton } from '#components/ui/skeleton.tsx'

/** What it is, and whom to ask about it. */
export function DescribeService({ service, onDismiss }: { service: Service; onDismiss: () => void }) {
  const at = useService()
  const trpc = useTRPC()
  const queries = useQueryClient()
  const members = useQuery(trpc.members.list.queryOptions({ team: at.team }))
  const isOwnerLocked = service.locked.includes('owner')
  const form = useForm({
    defaultValues: {
      description: service.description,
      owner: service.owner?.email ?? '',
      contact: service.contact,
      tags: service.tags.join(', '),
    },
  })
  const update = useMutation(
    trpc.services.update.mutationOptions({
      onSuccess: () => {
        void queries.invalidateQueries(trpc.services.pathFilter())
        onDismiss()
      },
    }),
  )
  const { errors, dirtyFields } = form.formState
  return (
    <DialogForm
      title="Description, owner and tags"
      form={form}
      submit="Save"
      reason={members.isPending ? 'Members are loading' : null}
      busy={update.isPending}
      error={update.error}
      // What was not touched stays as it is: the README goes on to stand in for a description that nobody wrote.
      onSubmit={({ description, owner, contact, tags: words }) =>
        update.mutate({
          team: at.team,
          service: at.service,
          ...(dirtyFields.description && { description: description.trim() }),
          ...(dirtyFields.owner && { owner: owner === '' ? null : owner }),
          ...(dirtyFields.contact && { contact: contact.trim() }),
          ...(dirtyFields.tags && { tags: wordsOf(words) }),
        })
      }
      onDismiss={onDismiss}
    >
      <Field
        label="Description"
        optional
        hint="If empty, the first paragraph of the README is used."
        error={errors.description?.message}
      >
        {(control) => (
          <Textarea
            {...control}
            {...form.register('description', { maxLength: { value: 2_000, message: 'At most 2,000 characters' } })}
            rows={4}
            autoFocus
          />
        )}
      </Field>
      {members.error !== null && <ErrorLine error={members.error} />}
      <Field
        label="Owner"
        hint={isOwnerLocked ? 'Set by m3o.json in the source: change it there.' : 'The contact for questions.'}
        error={errors.owner?.message}
      >
        {(control) =>
          members.data === undefined ? (
            <Skeleton className="h-[30px]" />
          ) : (
            <Select {...control} {...form.register('owner')} disabled={isOwnerLocked}>
              <option value="">Nobody</option>
              {members.data.map(({ person }) => (
                <option key={person.id} value={person.email}>
                  {person.name === person.email ? person.email : `${person.name} (${person.email})`}
                </option>
              ))}
            </Select>
          )
        }
      </Field>
      <Field
        label="On call"
        optional
        hint="How to reach them: an address, a channel, a number."
        error={errors.contact?.message}
      >
        {(control) => (
          <Input
            {...control}
            {...form.register('contact', { maxLength: { value: 300, message: 'At most 300 characters' } })}
            placeholder="#payments-oncall"
          />
        )}
      </Field>
      <Field label="Tags" optional hint="Separated by commas; used in search." error={errors.tags?.message}>
        {(control) => (
          <Input
            {...control}
            {...form.register('tags', {
              validate: (text) => {
                const checked = tags.safeParse(wordsOf(text))
                return checked.success || (checked.error.issues[0]?.message ?? 'Invalid tags')
              },
            })}
            placeholder="billing, internal"
            className="font-mono"
          />
        )}
      </Field>
    </DialogForm>
  )
}

const wordsOf = (text: string): string[] =>
  text
    .split(/[\s,]+/)
    .map((word) => word.toLowerCase())
    .filter((word) => word !== '')
