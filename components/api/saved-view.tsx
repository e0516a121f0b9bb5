'use client'
import { Trash2 } from 'lucide-react'
import { useState } from 'react'
import { Button, IconButton } from '#components/ui/button.tsx'
import { CopyButton } from '#components/ui/copy-button.tsx'
import { Input } from '#components/ui/input.tsx'
import type { CallRequest } from './call-request.ts'
import { type SavedRequest, useSavedRequests } from './saved-requests.ts'
import { type SnippetPlace, snippetOf } from './snippets.ts'

/** Requests with a name: save the one at hand, or put one back into the editor. Those of other endpoints open theirs. */
export function SavedView({
  storeKey,
  request,
  place,
  load,
}: {
  storeKey: string
  request: CallRequest | undefined
  place: SnippetPlace
  load: (request: CallRequest) => void
}) {
  const { saved, save, remove } = useSavedRequests(storeKey)
  const [name, setName] = useState('')
  const [refused, setRefused] = useState(false)
  const reason = name.trim() === '' ? 'Enter a name' : request === undefined ? 'The request is incomplete' : null
  return (
    <>
      <form
        className="flex items-center gap-2 border-b border-border px-4 py-2"
        onSubmit={(event) => {
          event.preventDefault()
          if (reason !== null || request === undefined) return
          const kept = save(name.trim(), request)
          setRefused(!kept)
          if (kept) setName('')
        }}
      >
        <Input
          aria-label="Name of the request"
          placeholder="Name this request"
          maxLength={80}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <Button type="submit" reason={reason}>
          Save
        </Button>
      </form>
      {refused && (
        <p role="alert" className="px-4 py-2 text-small text-bad">
          This browser has no storage left. Delete a saved request.
        </p>
      )}
      {saved.length === 0 ? (
        <p className="px-4 py-8 text-center text-pretty text-muted">
          Requests are saved in this browser. Values of secret headers are not saved.
        </p>
      ) : (
        <ol aria-label="Saved requests" className="divide-y divide-border">
          {saved.map((each: SavedRequest) => (
            <li
              key={`${each.request.endpoint ?? ''} ${each.name}`}
              className="flex h-[34px] min-w-0 items-center gap-1 pr-3"
            >
              <button
                type="button"
                data-focus-inside
                onClick={() => load(each.request)}
                title={each.request.body ?? undefined}
                className="flex h-full min-w-0 grow items-center gap-3 pl-4 text-left hover:bg-hover"
              >
                <span className="min-w-0 truncate">{each.name}</span>
                <span className="min-w-0 truncate font-mono text-small text-muted">
                  {each.request.endpoint ?? `${each.request.method} ${each.request.path}`}
                </span>
              </button>
              <CopyButton label={`Copy ${each.name} as curl`} text={snippetOf('curl', each.request, place)} />
              <IconButton size="small" label={`Delete ${each.name}`} onClick={() => remove(each)}>
                <Trash2 />
              </IconButton>
            </li>
          ))}
        </ol>
      )}
    </>
  )
}
