'use client'
import { useMutation } from '@tanstack/react-query'
import { ShieldAlert, ShieldCheck } from 'lucide-react'
import { useTRPC } from '#client/trpc.ts'
import { usePlace } from '#components/frame/place.ts'
import { Button } from '#components/ui/button.tsx'
import { Time } from '#components/ui/time.tsx'
import { toastError } from '#client/toasts.ts'

/** Whether the log is as it was written: its rows are chained, and the first that is not is named. */
export function useAuditCheck() {
  const { team } = usePlace()
  const trpc = useTRPC()
  const check = useMutation(trpc.audit.verify.mutationOptions({ onError: toastError }))
  const button = (
    <Button busy={check.isPending} onClick={() => check.mutate({ team })}>
      <ShieldCheck />
      Verify
    </Button>
  )
  const { data } = check
  if (data === undefined) return { button, outcome: null }
  const outcome =
    data.broken === null ? (
      <p role="status" className="flex items-center gap-2 border-b border-border px-4 py-2 text-ok sm:px-6">
        <ShieldCheck className="size-4 shrink-0" />
        <span>Unchanged: all {data.rows.toLocaleString('en')} rows of this platform are unchanged.</span>
      </p>
    ) : (
      <p role="alert" className="flex items-start gap-2 border-b border-border px-4 py-2 text-bad sm:px-6">
        <ShieldAlert className="mt-0.5 size-4 shrink-0" />
        <span>
          Tampered with at row <code>{data.broken.seq}</code>
          {data.broken.at !== null && (
            <>
              {' '}
              of <Time at={data.broken.at} />
            </>
          )}
          : {data.broken.why}. The rows before it are unchanged. Tell an operator of this platform.
        </span>
      </p>
    )
  return { button, outcome }
}
