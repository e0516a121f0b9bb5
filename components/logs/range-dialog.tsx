'use client'
import { type FormEvent, useId, useState } from 'react'
import { Button } from '#components/ui/button.tsx'
import { Dialog } from '#components/ui/dialog.tsx'
import { Field } from '#components/ui/field.tsx'
import { fromField, toField, zoneName } from '#components/ui/exact-time.ts'
import { useZone } from '#components/ui/zone.ts'
import { Input } from '#components/ui/input.tsx'
import type { Look } from './look.ts'

/** From when until when, by the clock that the person has chosen. Either may be left out. */
export function RangeDialog({
  look,
  change,
  onDismiss,
}: {
  look: Look
  change: (change: Partial<Look>) => void
  onDismiss: () => void
}) {
  const form = useId()
  const zone = useZone()
  const [from, setFrom] = useState(look.from === null ? '' : toField(look.from, zone))
  const [until, setUntil] = useState(look.until === null ? '' : toField(look.until, zone))
  const [start, end] = [fromField(from, zone), fromField(until, zone)]
  const problem = start !== null && end !== null && start >= end ? 'The end must be after the start' : undefined
  function submit(event: FormEvent) {
    event.preventDefault()
    if (problem !== undefined) return
    change({ range: null, from: start, until: end })
    onDismiss()
  }
  return (
    <Dialog
      title="Time range"
      onDismiss={onDismiss}
      footer={
        <>
          <Button onClick={onDismiss}>Cancel</Button>
          <Button kind="primary" type="submit" form={form} reason={problem}>
            Show
          </Button>
        </>
      }
    >
      <form id={form} onSubmit={submit} className="flex flex-col gap-3">
        <Field label={`From (${zoneName(zone)})`} hint="Empty: from the beginning of the log.">
          {(control) => (
            <Input
              {...control}
              type="datetime-local"
              step={1}
              value={from}
              onChange={(event) => setFrom(event.target.value)}
            />
          )}
        </Field>
        <Field label={`Until (${zoneName(zone)})`} hint="Empty: new lines are shown too." error={problem}>
          {(control) => (
            <Input
              {...control}
              type="datetime-local"
              step={1}
              value={until}
              onChange={(event) => setUntil(event.target.value)}
            />
          )}
        </Field>
      </form>
    </Dialog>
  )
}
