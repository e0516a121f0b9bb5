'use client'
import { type ReactNode, useRef } from 'react'
import { useRows } from './rows.ts'

/** A bordered list whose items are rows: one stop of the Tab key, ↑ ↓ j k between them. */
export function RowList({ label, children }: { label?: string; children: ReactNode }) {
  const list = useRef<HTMLOListElement>(null)
  useRows(list)
  return (
    <ol
      ref={list}
      aria-label={label}
      className="divide-y divide-border overflow-hidden rounded border border-border bg-raised"
    >
      {children}
    </ol>
  )
}
