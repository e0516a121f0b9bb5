'use client'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { type CiSnippet, ciSnippet } from '#contract/ci-snippet.ts'
import { useTRPC } from '#client/trpc.ts'
import { usePlace } from '#components/frame/place.ts'
import { CopyButton } from '#components/ui/copy-button.tsx'
import { Input, Select } from '#components/ui/input.tsx'
import { Segments } from '#components/ui/segments.tsx'

const kinds = [
  { value: 'github', label: 'GitHub Actions' },
  { value: 'gitlab', label: 'GitLab' },
  { value: 'shell', label: 'Shell' },
] as const satisfies readonly { value: keyof CiSnippet; label: string }[]
const where: Record<keyof CiSnippet, string> = {
  github: 'Store the token as the repository secret M3O_TOKEN. This then deploys each push.',
  gitlab: 'Store the token as the masked variable M3O_TOKEN. This then deploys each push.',
  shell: 'With the token in M3O_TOKEN, in any pipeline that has git and curl. It fails when the deployment does.',
}

/** What a pipeline needs besides its token. */
export function CiSnippets() {
  const place = usePlace()
  const trpc = useTRPC()
  const own =
    useQuery(trpc.services.catalogue.queryOptions(place)).data?.filter(({ team }) => team === place.team) ?? []
  const [chosen, setChosen] = useState<string>()
  const [kind, setKind] = useState<keyof CiSnippet>('github')
  const service = chosen ?? own[0]?.name ?? 'my-service'
  const text = ciSnippet({ url: location.origin, team: place.team, environment: place.environment, service })[kind]
  return (
    <section aria-label="For the pipeline" className="mt-4 flex flex-col gap-2">
      <div className="flex flex-wrap items-center gap-2">
        <Segments label="Pipeline" value={kind} options={kinds} onChange={setKind} />
        <span className="text-muted">deploys</span>
        {own.length === 0 ? (
          <Input
            aria-label="Service"
            className="w-36"
            value={service}
            onChange={(event) => setChosen(event.target.value)}
          />
        ) : (
          <Select
            aria-label="Service"
            className="w-36"
            value={service}
            onChange={(event) => setChosen(event.target.value)}
          >
            {own.map(({ name }) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </Select>
        )}
        <span className="text-muted">to {place.environment}</span>
        <span className="ml-auto">
          <CopyButton text={text} label={`Copy for ${kinds.find(({ value }) => value === kind)?.label ?? kind}`} />
        </span>
      </div>
      <pre tabIndex={0} className="max-h-64 overflow-auto rounded border border-border bg-sunken px-3 py-2 text-small">
        {text}
      </pre>
      <p className="text-pretty text-muted">{where[kind]}</p>
    </section>
  )
}
