'use client'
import Link from 'next/link'
import { useEffect } from 'react'
import { Toaster, toast as sonner } from 'sonner'
import { CircleAlert, CircleCheck } from 'lucide-react'
import { type Toast, toastQueue } from '#client/toasts.ts'
import { sentence } from './problem.ts'

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
          // Sonner sets a font of its own on its list.
          toast:
            'font-sans flex w-full items-start gap-2 rounded border border-border-strong bg-raised px-3 py-2.5 text-body text-text shadow-float sm:w-[360px]',
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

function present({ kind, title, description, undo, link }: Toast) {
  sonner(kind === 'error' ? sentence(title) : title, {
    description: description === undefined ? undefined : sentence(description),
    duration: kind === 'error' || undo !== undefined ? 10_000 : 4_000,
    icon: kind === 'done' ? <CircleCheck className="text-ok" /> : <CircleAlert className="text-bad" />,
    ...(link !== undefined && {
      action: (
        <Link
          href={link.href}
          className="flex h-6 shrink-0 items-center rounded border border-border-strong px-2 text-small font-medium hover:bg-hover"
          onClick={() => sonner.dismiss()}
        >
          {link.label}
        </Link>
      ),
    }),
    ...(undo !== undefined && { action: { label: undo.label, onClick: undo.run } }),
  })
}
