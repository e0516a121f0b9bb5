'use client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useForm } from 'react-hook-form'
import { type Egress, egressText, parseEgress } from '#contract/egress.ts'
import { egressModes } from '#contract/egress-modes.ts'
import { toastDone } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import { usePlace } from '#components/frame/place.ts'
import { DialogForm } from '#components/ui/dialog-form.tsx'
import { Field } from '#components/ui/field.tsx'
import { Textarea } from '#components/ui/input.tsx'
import { Segments } from '#components/ui/segments.tsx'

interface Values {
  mode: Egress['mode']
  hosts: string
}

export function ChangeEgress({ egress, most, onDismiss }: { egress: Egress; most: Egress; onDismiss: () => void }) {
  const { team } = usePlace()
  const trpc = useTRPC()
  const queries = useQueryClient()
  const form = useForm<Values>({
    defaultValues: { mode: egress.mode, hosts: egress.mode === 'listed' ? egress.hosts.join('\n') : '' },
  })
  const mode = form.watch('mode')
  const change = useMutation(
    trpc.teams.setEgress.mutationOptions({
      onSuccess: async (_, { egress: now }) => {
        await queries.invalidateQueries(trpc.teams.egress.queryFilter({ team }))
        toastDone(
          `Services of ${team} can reach: ${now.mode === 'listed' ? egressText(now) : egressModes[now.mode].toLowerCase()}`,
        )
        onDismiss()
      },
    }),
  )
  const submit = ({ mode: wanted, hosts }: Values) => {
    try {
      change.mutate({ team, egress: wanted === 'listed' ? parseEgress(hosts.split(/[\s,]+/)) : { mode: wanted } })
    } catch (error) {
      const [issue] = (error as { issues?: { message: string }[] }).issues ?? []
      form.setError('hosts', { message: issue?.message ?? 'invalid' })
    }
  }
  return (
    <DialogForm
      title="Outbound network access"
      description={
        most.mode === 'all'
          ? 'Takes effect at once, also for open connections.'
          : `The operator allows at most: ${egressText(most)}.`
      }
      form={form}
      submit="Save"
      busy={change.isPending}
      error={change.error}
      onSubmit={submit}
      onDismiss={onDismiss}
    >
      <Segments
        label="Reached"
        value={mode}
        options={(['all', 'listed', 'none'] as const).map((value) => ({ value, label: egressModes[value] }))}
        onChange={(value) => form.setValue('mode', value)}
      />
      {mode === 'listed' && (
        <Field
          label="Hosts and networks"
          hint="One per line: api.example.com, 203.0.113.0/24. Host names are resolved again regularly."
          error={form.formState.errors.hosts?.message}
        >
          {(control) => (
            <Textarea {...control} {...form.register('hosts')} autoFocus rows={6} className="font-mono text-small" />
          )}
        </Field>
      )}
      {mode === 'none' && (
        <p className="text-muted">Builds cannot install packages either, except from the operator’s registry.</p>
      )}
    </DialogForm>
  )
}
