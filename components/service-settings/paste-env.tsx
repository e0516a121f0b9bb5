'use client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type ChangeEvent, useMemo, useState } from 'react'
import type { Variable } from '#contract/records.ts'
import { maxVariables, problemOfVariable } from '#contract/variables.ts'
import { toastDone } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import { useService } from '#components/frame/service.ts'
import { Button } from '#components/ui/button.tsx'
import { Dialog } from '#components/ui/dialog.tsx'
import { ErrorLine } from '#components/ui/error-state.tsx'
import { Field } from '#components/ui/field.tsx'
import { Textarea } from '#components/ui/input.tsx'
import { EnvPreview, type EnvRow } from './env-preview.tsx'
import { looksSecret, readEnv } from './env-file.ts'

const mostBytes = 1 << 20

/** Many variables at once, out of a `.env` file: read here, looked over, then set. */
export function PasteEnv({ variables, onDismiss }: { variables: readonly Variable[]; onDismiss: () => void }) {
  const at = useService()
  const trpc = useTRPC()
  const queries = useQueryClient()
  const [text, setText] = useState('')
  const [decided, setDecided] = useState<ReadonlyMap<string, boolean>>(new Map())
  const file = useMemo(() => readEnv(text), [text])
  const rows = useMemo(
    () =>
      file.entries.map((entry): EnvRow => {
        const known = variables.find(({ name }) => name === entry.name)
        const problem = problemOfVariable(entry.name, entry.value)
        return {
          ...entry,
          // What is a secret already stays one unless somebody says otherwise.
          secret: decided.get(entry.name) ?? (known?.secret === true || looksSecret(entry)),
          problem:
            problem === undefined ? null : `${problem.message}${problem.fix === undefined ? '' : `. ${problem.fix}`}`,
          change:
            known === undefined
              ? 'new'
              : !known.secret && known.value === entry.value
                ? 'same'
                : known.from === at.environment && known.state === 'set'
                  ? 'replaces'
                  : 'overrides',
        }
      }),
    [file, variables, decided, at.environment],
  )
  const wanted = rows.filter((row) => row.problem === null)
  const set = useMutation(
    trpc.variables.setAll.mutationOptions({
      onSuccess: () => {
        void queries.invalidateQueries(trpc.variables.pathFilter())
        void queries.invalidateQueries(trpc.services.pathFilter())
        onDismiss()
        toastDone(wanted.length === 1 ? `${wanted[0]?.name} is set` : `${wanted.length} variables are set`)
      },
    }),
  )
  const reason =
    rows.length === 0
      ? 'Paste variables first'
      : wanted.length === 0
        ? 'No valid variables'
        : wanted.length > maxVariables
          ? `At most ${maxVariables} at once`
          : null
  const open = async (event: ChangeEvent<HTMLInputElement>) => {
    const chosen = event.target.files?.[0]
    if (chosen !== undefined && chosen.size <= mostBytes) setText(await chosen.text())
    event.target.value = ''
  }
  return (
    <Dialog
      title="Paste a .env file"
      description="The file is read in this page. Nothing is sent until you set the variables."
      place="side"
      onDismiss={onDismiss}
      footer={
        <>
          <Button onClick={onDismiss}>Cancel</Button>
          <Button
            kind="primary"
            busy={set.isPending}
            reason={reason}
            onClick={() =>
              set.mutate({ ...at, variables: wanted.map(({ name, value, secret }) => ({ name, value, secret })) })
            }
          >
            {`Set ${wanted.length === 0 ? '' : `${wanted.length} `}in ${at.environment}`}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        {set.error !== null && <ErrorLine error={set.error} />}
        <Field
          label="Variables"
          hint={
            <>
              One <code>NAME=value</code> per line; quotes, comments and <code>export</code> are supported. Or{' '}
              <label className="cursor-pointer text-accent underline has-focus-visible:outline-2">
                choose a file
                <input type="file" className="sr-only" onChange={(event) => void open(event)} />
              </label>
              .
            </>
          }
        >
          {(control) => (
            <Textarea
              {...control}
              autoFocus
              rows={7}
              value={text}
              maxLength={mostBytes}
              onChange={(event) => setText(event.target.value)}
              placeholder={'LOG_LEVEL=debug\nSTRIPE_SECRET_KEY="…"'}
              className="font-mono text-small"
            />
          )}
        </Field>
        {file.unread.length > 0 && (
          <p role="status" className="text-small text-warn">
            {file.unread.length === 1
              ? `Line ${file.unread[0]} is`
              : `Lines ${file.unread.slice(0, 8).join(', ')}${file.unread.length > 8 ? ' …' : ''} are`}{' '}
            invalid and skipped.
          </p>
        )}
        {rows.length > 0 && (
          <EnvPreview rows={rows} onSecret={(name, secret) => setDecided((all) => new Map(all).set(name, secret))} />
        )}
      </div>
    </Dialog>
  )
}
