'use client'
import { useState } from 'react'
import { CopyButton } from '#components/ui/copy-button.tsx'
import { Segments } from '#components/ui/segments.tsx'
import type { CallRequest } from './call-request.ts'
import { type SnippetKind, snippetKinds, snippetOf, type SnippetPlace } from './snippets.ts'

const notes: Record<SnippetKind, string> = {
  curl: 'M3O_TOKEN is a token of the team: Team → Tokens.',
  sdk: 'Inside another service: no token is needed, and the environment is passed on.',
  client: 'With npm install @m3o/m3o-node; the token is one of the team.',
  cli: 'After m3o login.',
}

/** The same call from code or a shell. */
export function SnippetView({ request, place }: { request: CallRequest | undefined; place: SnippetPlace }) {
  const [kind, setKind] = useState<SnippetKind>('curl')
  const text = request === undefined ? null : snippetOf(kind, request, place)
  return (
    <section aria-label="The same call from code or a shell">
      <div className="flex flex-wrap items-center justify-between gap-2 px-4 py-2">
        <Segments
          label="The same call as"
          value={kind}
          options={snippetKinds.map((each) => ({ value: each.kind, label: each.label }))}
          onChange={setKind}
        />
        {text !== null && (
          <CopyButton text={text} label={`Copy as ${snippetKinds.find((each) => each.kind === kind)?.label ?? kind}`} />
        )}
      </div>
      <pre
        tabIndex={0}
        data-focus-inside
        aria-label="Snippet"
        className="max-h-72 overflow-auto border-y border-border bg-sunken px-4 py-3 text-small whitespace-pre-wrap break-all"
      >
        {text ?? 'The request is not valid JSON.'}
      </pre>
      <p className="px-4 py-2 text-small text-muted">{notes[kind]}</p>
    </section>
  )
}
