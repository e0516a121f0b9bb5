'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import { Download, Send } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useMemo, useRef, useState } from 'react'
import { PlatformError } from '#contract/errors.ts'
import type { Service } from '#contract/records.ts'
import { openApiOf } from '#contract/openapi.ts'
import { useTRPC, useTRPCClient } from '#client/trpc.ts'
import { useActions } from '#components/frame/actions.ts'
import { useEnvironment } from '#components/frame/environment.ts'
import { useMay } from '#components/frame/may.ts'
import { inEnvironment } from '#components/frame/production.ts'
import { usePlace } from '#components/frame/place.ts'
import { Button } from '#components/ui/button.tsx'
import { useFilters } from '#components/ui/filters.ts'
import { Panel } from '#components/ui/page.tsx'
import { Segments } from '#components/ui/segments.tsx'
import { useCallHistory } from './call-history.ts'
import type { CallRequest } from './call-request.ts'
import { draftFor, draftFrom, requestFrom } from './draft.ts'
import { type Answer, saveFile } from './download.ts'
import { EndpointList } from './endpoint-list.tsx'
import { headersProblem } from './headers-editor.tsx'
import { HistoryView } from './history-view.tsx'
import { keepDraft, useKeptDraft } from './kept-drafts.ts'
import { RequestEditor } from './request-editor.tsx'
import { ResponseView } from './response-view.tsx'
import { fieldOf, problemsOf } from './schema-form.ts'
import { SnippetView } from './snippet-view.tsx'
import { StreamNote } from './stream-note.tsx'
import { UnderWay } from './under-way.tsx'
import { useStream } from './use-stream.ts'

const SavedView = dynamic(() => import('./saved-view.tsx').then((module) => module.SavedView), { ssr: false })
const StreamView = dynamic(() => import('./stream-view.tsx').then((module) => module.StreamView), { ssr: false })

/** Null: any path. It cannot be an endpoint's name. */
const anyPath = '*'
const none: ReadonlyMap<string, string> = new Map()

/**
 * Call it: the endpoints, a form for each, the answer, and what was called before.
 * @param name as callers here name it: `service`, or another team's `@team/service`
 */
export function CallScreen({ service, name }: { service: Service; name: string }) {
  const place = usePlace()
  const trpc = useTRPC()
  const may = useMay()
  const environment = useEnvironment()
  const { data: about } = useSuspenseQuery(trpc.platform.about.queryOptions())
  const [filters, setFilters] = useFilters(['endpoint'])
  const { endpoints } = service
  const endpoint =
    filters.endpoint === anyPath
      ? null
      : (endpoints.find((each) => each.name === filters.endpoint) ?? endpoints[0] ?? null)
  const key = endpoint?.name ?? anyPath
  const { data: me } = useSuspenseQuery(trpc.person.me.queryOptions())
  const keptKey = (endpointKey: string) => `${me.person.id} ${service.id} ${place.environment} ${endpointKey}`
  const [kept, edit] = useKeptDraft(keptKey(key))
  const [warned, setWarned] = useState<string | null>(null)
  const [answers, setAnswers] = useState<Record<string, { answer: Answer | null; error: unknown }>>({})
  const [lower, setLower] = useState<'answer' | 'code' | 'history' | 'saved'>('answer')
  const history = useCallHistory(service.id)

  const fresh = useMemo(() => draftFor(endpoint), [endpoint])
  const draft = kept ?? fresh
  const request = requestFrom(draft, endpoint)
  const problems = useMemo(
    () => (endpoint === null || draft.mode === 'json' ? none : problemsOf(fieldOf(endpoint.request), draft.value)),
    [endpoint, draft],
  )

  const client = useTRPCClient()
  const [calling, setCalling] = useState<{ key: string; since: number } | null>(null)
  const running = useRef<AbortController | null>(null)
  const stream = useStream()
  const send = () => {
    if (request === undefined || reason !== null || calling !== null) return
    if (problems.size > 0) {
      setWarned(key)
      requestAnimationFrame(() => document.querySelector<HTMLElement>('#request [aria-invalid]')?.focus())
      return
    }
    setLower('answer')
    const started = Date.now()
    const { method, path, headers, body } = request
    const note = (status: number | null, durationMs: number | null) =>
      history.add({ at: started, environment: place.environment, request, status, durationMs })
    const given = { ...place, service: name, method, path, headers, body }
    if (endpoint?.stream === true)
      return void stream.start(key, given).then((head) => note(head?.status ?? null, Date.now() - started))
    const control = new AbortController()
    running.current = control
    setWarned(null)
    setCalling({ key, since: started })
    client.calls.send
      .mutate(given, { signal: control.signal })
      .then(
        (answer) => {
          setAnswers((all) => ({ ...all, [key]: { answer, error: null } }))
          note(answer.status, answer.durationMs)
        },
        (error: unknown) => {
          setAnswers((all) => ({
            ...all,
            [key]: { answer: null, error: control.signal.aborted ? cancelled(Date.now() - started) : error },
          }))
          note(null, null)
        },
      )
      .finally(() => setCalling(null))
  }
  const reason =
    may('service.call') ??
    (service.revision === null
      ? 'Not deployed here: deploy it first'
      : service.state === 'stopped'
        ? 'Stopped here: restart it first'
        : null) ??
    headersProblem(draft.headers) ??
    (request === undefined ? 'The request is not valid JSON' : null)
  const load = (past: CallRequest) => {
    const known = past.endpoint === null ? null : (endpoints.find((each) => each.name === past.endpoint) ?? null)
    keepDraft(keptKey(known?.name ?? anyPath), draftFrom(past, known))
    choose(known?.name ?? null)
  }
  const choose = (wanted: string | null) => {
    setWarned(null)
    setFilters({ endpoint: wanted ?? (endpoints.length === 0 ? '' : anyPath) })
  }
  const gateway = about.gateway.url.replace(/\/$/, '')
  const saveOpenApi = () =>
    saveFile(
      new Blob(
        [
          JSON.stringify(
            openApiOf(endpoints, {
              title: service.name,
              description: service.description,
              revision: service.revision,
              server: `${gateway}/v1/${name}`,
            }),
            null,
            2,
          ),
        ],
        { type: 'application/json' },
      ),
      `${service.name}.openapi.json`,
    )
  const noOpenApi =
    service.revision === null
      ? 'Endpoints are known once the service runs'
      : endpoints.length === 0
        ? 'The service describes no endpoints'
        : null
  useActions([
    {
      id: 'api.send',
      group: service.name,
      title: `Send the call${endpoint === null ? '' : ` to ${endpoint.name}`}`,
      keys: 'mod+enter',
      reason,
      run: send,
    },
    {
      id: 'api.openapi',
      group: service.name,
      title: 'Download the OpenAPI document',
      reason: noOpenApi,
      run: saveOpenApi,
    },
    ...endpoints.slice(0, 60).map((each) => ({
      id: `api.endpoint.${each.name}`,
      group: 'Endpoints',
      title: each.name,
      words: 'endpoint call',
      run: () => choose(each.name),
    })),
  ])

  const shown = answers[key] ?? { answer: null, error: null }
  const label = environment === undefined ? 'Send' : inEnvironment('Send', environment, 'to')
  return (
    <div className="lg:grid lg:min-h-full lg:grid-cols-[216px_minmax(0,1fr)]">
      <div className="lg:border-r lg:border-border">
        <EndpointList endpoints={endpoints} chosen={endpoint} choose={choose} />
      </div>
      <div className="mx-auto grid w-full max-w-[1280px] grid-cols-1 content-start gap-4 px-4 py-4 sm:px-6 xl:grid-cols-2">
        <header className="flex flex-wrap items-start gap-x-3 gap-y-2 xl:col-span-2">
          <div className="min-w-0 grow basis-60">
            <h2 className="flex items-center gap-2 text-large font-semibold">
              <span className="truncate">{endpoint?.name ?? 'Any path'}</span>
            </h2>
            <p className="text-pretty text-muted">
              {endpoint === null ? (
                service.revision === null ? (
                  'Endpoints are read from the running service. Deploy it to get a form for each endpoint.'
                ) : endpoints.length === 0 ? (
                  'The service describes no endpoints, so it accepts any method on any path. Services that use the SDK or serve an /openapi.json get a form for each endpoint.'
                ) : (
                  'Any method on any path of the service.'
                )
              ) : (
                <>
                  {endpoint.description ?? (
                    <code>
                      {endpoint.method ?? 'POST'} {endpoint.path ?? `/${endpoint.name}`}
                    </code>
                  )}
                </>
              )}
            </p>
          </div>
          <Button reason={noOpenApi} onClick={saveOpenApi}>
            <Download />
            OpenAPI
          </Button>
        </header>
        <Panel className="self-start overflow-visible!">
          <div id="request" key={key}>
            <RequestEditor
              endpoint={endpoint}
              draft={draft}
              onChange={edit}
              problems={warned === key ? problems : none}
            />
          </div>
          <footer className="sticky bottom-0 flex flex-wrap items-center gap-x-3 rounded-b border-t border-border bg-raised px-4 py-3">
            <Button kind="primary" keys="mod+enter" busy={calling !== null} reason={reason} onClick={send}>
              <Send />
              {label}
            </Button>
            {kept !== undefined && (
              <Button
                kind="quiet"
                onClick={() => {
                  setWarned(null)
                  edit(undefined)
                }}
              >
                Start over
              </Button>
            )}
            <span aria-live="polite" className="basis-full text-small text-pretty text-muted not-empty:mt-2">
              {warned === key &&
                problems.size > 0 &&
                `Not sent: ${problems.size} ${problems.size === 1 ? 'field is' : 'fields are'} invalid. Switch to JSON to send any value.`}
            </span>
          </footer>
        </Panel>
        <div className="flex min-w-0 flex-col gap-4 self-start xl:sticky xl:top-4">
          {endpoint?.stream === true && <StreamNote gateway={gateway} service={name} endpoint={endpoint.name} />}
          <Panel>
            <div className="border-b border-border px-3 py-2">
              <Segments
                label="More about the request"
                value={lower}
                options={[
                  { value: 'answer', label: 'Response' },
                  { value: 'code', label: 'Code' },
                  { value: 'history', label: `History ${history.calls.length === 0 ? '' : history.calls.length}` },
                  { value: 'saved', label: 'Saved' },
                ]}
                onChange={setLower}
              />
            </div>
            {lower === 'answer' &&
              (calling?.key === key ? (
                <UnderWay since={calling.since} cancel={() => running.current?.abort()} />
              ) : endpoint?.stream === true && stream.streamed?.key === key ? (
                <StreamView streamed={stream.streamed} stop={stream.stop} />
              ) : (
                <ResponseView logsOf={name === service.name ? { ...place, service: name } : null} {...shown} />
              ))}
            {lower === 'code' && (
              <SnippetView
                request={request satisfies CallRequest | undefined}
                place={{ gateway, ...place, service: name, stream: endpoint?.stream === true }}
              />
            )}
            {lower === 'history' && (
              <HistoryView calls={history.calls} load={({ request: past }) => load(past)} clear={history.clear} />
            )}
            {lower === 'saved' && (
              <SavedView
                storeKey={`${me.person.id} ${service.id}`}
                request={problems.size > 0 ? undefined : request}
                place={{ gateway, ...place, service: name, stream: endpoint?.stream === true }}
                load={load}
              />
            )}
          </Panel>
        </div>
      </div>
    </div>
  )
}

const cancelled = (afterMs: number) =>
  new PlatformError('cancelled', `cancelled after ${(afterMs / 1_000).toFixed(1)} s`, {
    fix: 'The service may have handled the call: check before you send it again.',
  })
