import type { ReactNode } from 'react'
import { Logo } from '#components/frame/logo.tsx'

/** The frame of the pages before the console: one box, in the middle, with one thing to do. */
export function Gate({ title, about, children }: { title: string; about?: ReactNode; children: ReactNode }) {
  return (
    <main className="flex min-h-dvh flex-col items-center px-4 pt-[max(12dvh,32px)] pb-10">
      <div className="w-full max-w-[368px]">
        <Logo className="mb-6 size-7" />
        <h1 className="text-display font-semibold tracking-[-0.02em]">{title}</h1>
        {about !== undefined && <div className="mt-1.5 text-large text-pretty text-muted">{about}</div>}
        <div className="mt-6">{children}</div>
      </div>
    </main>
  )
}
