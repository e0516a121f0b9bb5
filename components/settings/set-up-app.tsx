'use client'
import { useEffect } from 'react'
import { useForm } from 'react-hook-form'
import encodeQR from 'qr'
import { useTRPCClient } from '#client/trpc.ts'
import { CopyButton } from '#components/ui/copy-button.tsx'
import { DialogForm } from '#components/ui/dialog-form.tsx'
import { ErrorLine } from '#components/ui/error-state.tsx'
import { Field } from '#components/ui/field.tsx'
import { Input } from '#components/ui/input.tsx'
import { Skeleton } from '#components/ui/skeleton.tsx'
import { useConfirmedMutation } from './confirm-you.tsx'

/** Scan, then show that it works. */
export function SetUpApp({
  onDone,
  onDismiss,
}: {
  onDone: (made: { recoveryCodes: string[] }) => void
  onDismiss: () => void
}) {
  const client = useTRPCClient()
  const form = useForm({ defaultValues: { code: '' } })
  const begin = useConfirmedMutation((_: object) => client.security.beginTotp.mutate(), {
    onError: (error) => {
      if ((error as { data?: { m3o?: { data?: { confirm?: boolean } } } }).data?.m3o?.data?.confirm) onDismiss()
    },
  })
  const confirm = useConfirmedMutation((given: { code: string }) => client.security.confirmTotp.mutate(given), {
    onSuccess: onDone,
  })
  // The secret is made when the dialog opens, not when it is looked at again.
  useEffect(() => {
    begin.mutate({})
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- the secret is made once, when the dialog opens
  }, [])
  return (
    <DialogForm
      title="Authenticator app"
      form={form}
      submit="Confirm the code"
      reason={begin.data === undefined ? 'Not ready yet' : null}
      busy={confirm.isPending}
      error={confirm.error}
      onSubmit={(values) => confirm.mutate(values)}
      onDismiss={onDismiss}
    >
      <p className="text-pretty">
        Scan this with an authenticator app, or type in the key. Then enter the code that the app shows.
      </p>
      {begin.error !== null && <ErrorLine error={begin.error} />}
      {begin.data === undefined ? <Skeleton className="mx-auto size-[196px]" /> : <Square text={begin.data.address} />}
      <p className="flex min-h-6 items-center justify-center gap-1">
        {begin.data !== undefined && (
          <>
            <code data-secret aria-label="Key for the app" className="text-small break-all select-all">
              {begin.data.secret.match(/.{4}/g)?.join(' ')}
            </code>
            <CopyButton text={begin.data.secret} label="Copy the key" />
          </>
        )}
      </p>
      <Field label="Code" error={form.formState.errors.code?.message}>
        {(control) => (
          <Input
            {...control}
            {...form.register('code', { required: 'the six digits that the app shows' })}
            inputMode="numeric"
            autoComplete="one-time-code"
            maxLength={10}
            autoFocus
            className="font-mono"
          />
        )}
      </Field>
    </DialogForm>
  )
}

/** Dark on light in both themes: many cameras read no other. */
function Square({ text }: { text: string }) {
  const rows = encodeQR(text, 'raw', { ecc: 'medium', border: 3 })
  const path = rows.map((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : '')).join('')).join('')
  return (
    <svg
      role="img"
      aria-label="QR code for the app"
      viewBox={`0 0 ${rows.length} ${rows.length}`}
      shapeRendering="crispEdges"
      className="mx-auto size-[196px] rounded border border-border"
    >
      <rect width={rows.length} height={rows.length} fill="#ffffff" />
      <path d={path} fill="#000000" />
    </svg>
  )
}
