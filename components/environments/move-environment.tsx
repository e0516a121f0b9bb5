'use client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useForm } from 'react-hook-form'
import type { Environment } from '#contract/records.ts'
import { toastDone } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import { useEnvironments } from '#components/frame/environment.ts'
import { usePlace } from '#components/frame/place.ts'
import { DialogForm } from '#components/ui/dialog-form.tsx'
import { Field } from '#components/ui/field.tsx'
import { Select } from '#components/ui/input.tsx'
import { treeOf, under } from './environment-tree.ts'

/** Another parent: what the environment does not have itself is served from there. */
export function MoveEnvironment({
  environment: { name, parent },
  onDismiss,
}: {
  environment: Environment
  onDismiss: () => void
}) {
  const { team } = usePlace()
  const trpc = useTRPC()
  const queries = useQueryClient()
  const environments = useEnvironments()
  const below = under(environments, name)
  const form = useForm({ defaultValues: { from: parent ?? '' } })
  const chosen = form.watch('from')
  const move = useMutation(
    trpc.environments.move.mutationOptions({
      onSuccess: async (moved) => {
        await queries.invalidateQueries(trpc.environments.pathFilter())
        onDismiss()
        toastDone(`${name} is now based on ${moved.parent}`, {
          undo: { label: 'Undo', run: () => move.mutate({ team, environment: name, from: parent ?? '' }) },
        })
      },
    }),
  )
  const { errors } = form.formState
  return (
    <DialogForm
      title={`Move ${name}`}
      description={
        below.length === 0
          ? 'Overrides, variables and data stay as they are.'
          : `Together with the environments based on it: ${below.join(', ')}. Their overrides, variables and data do not change.`
      }
      form={form}
      submit={`Move ${name}`}
      reason={chosen === parent ? `${parent} is already its parent` : null}
      busy={move.isPending}
      error={move.error}
      onSubmit={({ from }) => move.mutate({ team, environment: name, from })}
      onDismiss={onDismiss}
    >
      <Field
        label="From"
        hint="Everything that it does not override is inherited from there."
        error={errors.from?.message}
      >
        {(control) => (
          <Select {...control} {...form.register('from')} autoFocus>
            {treeOf(environments)
              .filter((one) => one.environment.name !== name && !below.includes(one.environment.name))
              .map(({ environment, depth }) => (
                <option
                  key={environment.id}
                  value={environment.name}
                >{`${'\u2003'.repeat(depth)}${environment.name}`}</option>
              ))}
          </Select>
        )}
      </Field>
    </DialogForm>
  )
}
