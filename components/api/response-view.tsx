'use client'
import { Download } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useState } from 'react'
import type { OfService } from '#client/paths.ts'
import { Badge, type Tone } from '#components/ui/badge.tsx'
import { Button } from '#components/ui/button.tsx'
import { CopyButton } from '#components/ui/copy-button.tsx'
import { ErrorLine } from '#components/ui/error-state.tsx'
import { Segments } from '#components/ui/segments.tsx'
import { ShortId } from '#components/ui/short-id.tsx'
import { spokenDuration } from '#components/ui/time-words.ts'
import { type Answer, download } from './download.ts'
import { parseJson } from './draft.ts'
import { JsonText } from './json-text.tsx'
import { TraceLogsLink } from './trace-logs-link.tsx'
import { spokenBytes } from './spoken-bytes.ts'

const TraceView = dynamic(() => import('./trace-view.tsx').then((module) => module.TraceView), { ssr: false })

/** What a service answered: status, time, size, who served it, its headers and its body. `logsOf`: whose logs may be read here. */
export function ResponseView({
  logsOf,
  answer,
  error,
}: {
  logsOf: OfService | null
  answer: Answer | null
  error: unknown
}) {
  const [shown, setShown] = useState<'body' | 'headers' | 'trace'>('body')
  if (error != null)
    return (
      <div className="p-4">
        <ErrorLine error={error} />
      </div>
    )
  if (answer === null) return <p className="px-4 py-10 text-center text-muted">The response appears here.</p>
  const parts = [
    { value: 'body' as const, label: 'Body' },
    { value: 'headers' as const, label: `Headers ${answer.headers.length}` },
    ...(answer.trace === null ? [] : [{ value: 'trace' as const, label: 'Trace' }]),
  ]
  return (
    <>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-border px-4 py-2">
        <Badge tone={toneOf(answer.status)} mono>
          {answer.status} {answer.statusText}
        </Badge>
        <span className="tabular">{spokenDuration(answer.durationMs)}</span>
        <span className="tabular text-muted">
          {spokenBytes(answer.bytes)}
          {answer.truncated && ' and more'}
        </span>
        <span className="ml-auto">
          <Segments label="Part of the response" value={shown} options={parts} onChange={setShown} />
        </span>
      </div>
      {shown === 'headers' ? (
        <Headers headers={answer.headers} />
      ) : shown === 'trace' && answer.trace !== null ? (
        <TraceView traceId={answer.trace} />
      ) : (
        <Body answer={answer} />
      )}
      <dl className="flex flex-wrap items-center gap-x-4 gap-y-1 border-t border-border px-4 py-2 text-small text-muted">
        <div className="flex gap-1.5">
          <dt>Served by</dt>
          <dd className="font-mono text-text">{answer.servedBy ?? 'the gateway'}</dd>
        </div>
        {answer.trace !== null && (
          <div className="flex items-center gap-1.5">
            <dt>Trace</dt>
            <dd className="flex items-center gap-2">
              <ShortId id={answer.trace} className="mx-0!" />
              {logsOf !== null && (
                <TraceLogsLink place={logsOf} traceId={answer.trace}>
                  its log lines
                </TraceLogsLink>
              )}
            </dd>
          </div>
        )}
      </dl>
    </>
  )
}

function Headers({ headers }: { headers: Answer['headers'] }) {
  return (
    <dl className="divide-y divide-border font-mono text-small">
      {headers.map(([name, value], index) => (
        <div key={index} className="flex gap-4 px-4 py-1.5">
          <dt className="w-44 shrink-0 break-all text-muted">{name}</dt>
          <dd className="min-w-0 break-all">{value}</dd>
        </div>
      ))}
    </dl>
  )
}

function Body({ answer }: { answer: Answer }) {
  const type = answer.headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? ''
  const isImage = /^image\/(png|jpeg|gif|webp|avif)/.test(type)
  const save = (
    <Button size="small" onClick={() => download(answer, type)}>
      <Download />
      Download
    </Button>
  )
  if (answer.bytes === 0) return <p className="px-4 py-8 text-center text-muted">The response has no body.</p>
  if (answer.binary) {
    return (
      <div className="flex flex-col items-center gap-3 px-4 py-6">
        {isImage && !answer.truncated ? (
          <img
            src={`data:${type.split(';')[0]};base64,${answer.body}`}
            alt="Response of the service"
            className="max-h-96 max-w-full rounded border border-border bg-[repeating-conic-gradient(var(--color-sunken)_0_25%,transparent_0_50%)] bg-size-[12px_12px]"
          />
        ) : (
          <p className="text-muted">
            {spokenBytes(answer.bytes)} of <code>{type || 'bytes of unknown type'}</code>
          </p>
        )}
        {save}
      </div>
    )
  }
  const json = answer.truncated ? undefined : parseJson(answer.body)
  const text = json === undefined ? answer.body : JSON.stringify(json, null, 2)
  return (
    <div className="group relative">
      <pre
        tabIndex={0}
        data-focus-inside
        aria-label="Body of the response"
        className="max-h-[60vh] overflow-auto px-4 py-3 text-small break-words whitespace-pre-wrap"
      >
        {json === undefined ? text.slice(0, mostShown) : <JsonText text={text.slice(0, mostShown)} />}
      </pre>
      {(answer.truncated || text.length > mostShown) && (
        <p className="flex items-center gap-3 border-t border-border px-4 py-2 text-muted">
          {answer.truncated
            ? 'Cut at 5 MB: call it from a program for the whole body.'
            : 'Only the first part is shown.'}{' '}
          {save}
        </p>
      )}
      <span className="absolute top-1.5 right-3 rounded bg-raised">
        <CopyButton text={text} label="Copy the body" />
      </span>
    </div>
  )
}

const mostShown = 200_000

function toneOf(status: number): Tone {
  if (status >= 500) return 'bad'
  if (status >= 400) return 'warn'
  return status >= 300 ? 'idle' : 'ok'
}
