'use client'
import { useEffect } from 'react'
import { Toaster, toast as sonner } from 'sonner'
import { CircleAlert, CircleCheck } from 'lucide-react'
import { type Toast, toastQueue } from './toast.ts'

export function ToastList() {
  useEffect(() => toastQueue.connect(present), [])
  return (
    <Toaster
      position="bottom-right"
      gap={8}
      offset={{ bottom: 16, right: 16 }}
      mobileOffset={{ bottom: 72, left: 12, right: 12 }}
      toastOptions={{
        unstyled: true,
        classNames: {
          toast: 'flex w-full items-start gap-2 rounded border border-border-strong bg-raised px-3 py-2.5 text-body text-text shadow-float sm:w-[360px]',
          icon: 'mt-[3px] shrink-0 [&_svg]:size-3.5',
          content: 'min-w-0 grow break-words',
          title: 'font-medium',
          description: 'text-muted',
          actionButton: 'shrink-0 rounded border border-border-strong px-2 h-6 text-small font-medium hover:bg-hover',
        },
      }}
    />
  )
}

function present({ kind, title, about, action }: Toast) {
  sonner(title, {
    description: about,
    duration: kind === 'bad' ? 10_000 : 4_000,
    icon: kind === 'ok' ? <CircleCheck className="text-ok" /> : kind === 'bad' ? <CircleAlert className="text-bad" /> : undefined,
    ...(action !== undefined && { action: { label: action.label, onClick: action.run } }),
  })
}
