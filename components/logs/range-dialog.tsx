'use client'
import { type FormEvent, useId, useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { Dialog } from '#components/ui/dialog.tsx'
import { Field } from '#components/ui/field.tsx'
import { Input } from '#components/ui/input.tsx'
import type { Look } from './look.ts'

/** From when until when, by the browser's clock. Either may be left out. */
export function RangeDialog({ look, change, onDismiss }: { look: Look; change: (change: Partial<Look>) => void; onDismiss: () => void }) {
  const form = useId()
  const [from, setFrom] = useState(look.from === null ? '' : local(look.from))
  const [until, setUntil] = useState(look.until === null ? '' : local(look.until))
  const [start, end] = [read(from), read(until)]
  const problem = start !== null && end !== null && start >= end ? 'The end has to come after the start' : undefined
  function submit(event: FormEvent) {
    event.preventDefault()
    if (problem !== undefined) return
    change({ range: null, from: start, until: end })
    onDismiss()
  }
  return (
    <Dialog title="Time range" onDismiss={onDismiss} footer={<><Button onClick={onDismiss}>Cancel</Button><Button kind="primary" type="submit" form={form} reason={problem}>Show</Button></>}>
      <form id={form} onSubmit={submit} className="flex flex-col gap-3">
        <Field label="From" hint="Empty: from the beginning of the log.">{(control) => <Input {...control} type="datetime-local" step={1} value={from} onChange={(event) => setFrom(event.target.value)} />}</Field>
        <Field label="Until" hint="Empty: what comes is shown as well." error={problem}>{(control) => <Input {...control} type="datetime-local" step={1} value={until} onChange={(event) => setUntil(event.target.value)} />}</Field>
      </form>
    </Dialog>
  )
}

const read = (text: string) => (text === '' ? null : new Date(text).getTime())
const local = (at: number) => new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 19)
