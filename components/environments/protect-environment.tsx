'use client'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useForm } from 'react-hook-form'
import { type Guard, guards } from '#contract/protection.ts'
import type { Environment } from '#contract/records.ts'
import { toastDone } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import { usePlace } from '#components/frame/place.ts'
import { Checkbox } from '#components/ui/checkbox.tsx'
import { DialogForm } from '#components/ui/dialog-form.tsx'
import { type Admission, AdmissionField } from './admission-field.tsx'

type Values = Record<Guard, Admission> & { protected: boolean; approval: boolean; overlays: boolean }

const words: Record<Guard, { label: string; about: string }> = {
  deploy: { label: 'Deploy', about: 'Also roll back, restart, scale, stop, configure, and push to its branch.' },
  secrets: {
    label: 'Variables and secrets',
    about: 'See and set them. A shell can read them, so it needs this and the right to deploy.',
  },
  promote: { label: 'Promote to it', about: 'From environments based on it.' },
}

/** Who may do what in one environment, beyond what their role allows everywhere. */
export function ProtectEnvironment({
  environment: { name, protection },
  onDismiss,
}: {
  environment: Environment
  onDismiss: () => void
}) {
  const { team } = usePlace()
  const trpc = useTRPC()
  const queries = useQueryClient()
  const members = useQuery(trpc.members.list.queryOptions({ team })).data ?? []
  const initial = (guard: Guard): Admission => ({
    role: protection?.[guard].role ?? 'admin',
    people: protection?.[guard].people.map(({ email }) => email) ?? [],
  })
  const form = useForm<Values>({
    defaultValues: {
      protected: true,
      approval: protection?.approval ?? false,
      overlays: protection?.overlays ?? false,
      deploy: initial('deploy'),
      secrets: initial('secrets'),
      promote: initial('promote'),
    },
  })
  const isOn = form.watch('protected')
  const protect = useMutation(
    trpc.environments.protect.mutationOptions({
      onSuccess: (_, { protection: now }) => {
        void queries.invalidateQueries(trpc.environments.pathFilter())
        onDismiss()
        toastDone(now === null ? `Removed the protection of ${name}` : `Protected ${name}`)
      },
    }),
  )
  return (
    <DialogForm
      title={protection === null ? `Protect ${name}` : `Protection of ${name}`}
      description="It applies to everyone: in the console, in the command, to tokens and to git push."
      place="side"
      form={form}
      submit={isOn ? `Protect ${name}` : `Stop protecting ${name}`}
      reason={!isOn && protection === null ? 'It is not protected' : null}
      busy={protect.isPending}
      error={protect.error}
      onSubmit={({ protected: on, approval, overlays, deploy, secrets, promote }) =>
        protect.mutate({
          team,
          environment: name,
          protection: on ? { deploy, secrets, promote, approval, overlays } : null,
        })
      }
      onDismiss={onDismiss}
    >
      <Checkbox
        {...form.register('protected')}
        label="Protected"
        hint={`Its secrets stay in it: an override in an environment based on ${name} inherits only secrets that are marked as inheritable, and must set the others itself.`}
      />
      <div className="flex flex-col divide-y divide-border border-y border-border">
        {guards.map((guard) => (
          <AdmissionField
            key={guard}
            {...words[guard]}
            members={members}
            disabled={!isOn}
            value={form.watch(guard)}
            error={form.formState.errors[guard]?.message}
            onChange={(value) => {
              form.clearErrors(guard)
              form.setValue(guard, value, { shouldDirty: true })
            }}
          />
        ))}
      </div>
      <Checkbox
        {...form.register('approval')}
        disabled={!isOn}
        label="Require approval for promotions"
        hint="Another person who may promote must approve each promotion to it. Undoing a promotion needs no approval."
      />
      <Checkbox
        {...form.register('overlays')}
        disabled={!isOn}
        label="Let overlays call services that have secrets"
        hint={`Otherwise a service of ${name} with a secret that is not marked as inheritable refuses calls made in environments based on ${name}, because its own calls, with their data, would reach the overrides there.`}
      />
    </DialogForm>
  )
}
