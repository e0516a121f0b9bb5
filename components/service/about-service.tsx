import Link from 'next/link'
import type { Service } from '#contract/records.ts'
import { type OfService, paths } from '#client/paths.ts'
import { audienceWord } from '#components/catalogue/audience.ts'
import { Badge } from '#components/ui/badge.tsx'
import { Panel } from '#components/ui/page.tsx'
import { Time } from '#components/ui/time.tsx'
import { linkTo } from './link-to.ts'

const mostEndpoints = 12

/** Whose it is, who may call it, and what of it can be called. */
export function AboutService({ at, service }: { at: OfService; service: Service }) {
  const { owner, audience, endpoints, contact, tags, forkedFrom } = service
  return (
    <>
      <section>
        <h2 className="mb-2 text-large font-semibold">About</h2>
        <Panel>
          <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1.5 px-3 py-2.5">
            <dt className="text-muted">Owner</dt>
            <dd className="truncate" title={owner?.email}>
              {owner?.name ?? <span className="text-muted">nobody</span>}
            </dd>
            {contact !== '' && (
              <>
                <dt className="text-muted">On call</dt>
                <dd className="break-words">{contact}</dd>
              </>
            )}
            <dt className="text-muted">Callers</dt>
            <dd className="truncate">
              <Link href={paths.service(at, 'settings')} className="text-text">
                {audience.kind === 'team'
                  ? 'its team'
                  : audience.kind === 'teams'
                    ? `its team, ${audience.teams.join(', ')}`
                    : audienceWord(audience)}
              </Link>
            </dd>
            {service.language !== '' && (
              <>
                <dt className="text-muted">Language</dt>
                <dd>{service.language}</dd>
              </>
            )}
            {tags.length > 0 && (
              <>
                <dt className="text-muted">Tags</dt>
                <dd className="flex flex-wrap gap-1.5">
                  {tags.map((tag) => (
                    <Link key={tag} href={paths.catalogue(at, { tag })} prefetch={false} className="no-underline">
                      <Badge>{tag}</Badge>
                    </Link>
                  ))}
                </dd>
              </>
            )}
            {forkedFrom !== null && (
              <>
                <dt className="text-muted">Forked</dt>
                <dd className="break-words">
                  from{' '}
                  {forkedFrom.name === null ? (
                    <span className="text-muted">a deleted service</span>
                  ) : (
                    <Link href={linkTo(at, forkedFrom.name)} prefetch={false} className="text-text">
                      {forkedFrom.name}
                    </Link>
                  )}{' '}
                  at <code className="text-small">{forkedFrom.revision}</code>
                </dd>
              </>
            )}
            <dt className="text-muted">Created</dt>
            <dd>
              <Time at={service.createdAt} />
            </dd>
          </dl>
        </Panel>
      </section>
      <section>
        <div className="mb-2 flex items-baseline justify-between">
          <h2 className="text-large font-semibold">Endpoints</h2>
          <Link href={paths.service(at, 'api')} className="text-small text-muted hover:text-text">
            Call it
          </Link>
        </div>
        <Panel>
          {endpoints.length === 0 ? (
            <p className="px-3 py-2 text-pretty text-muted">
              {service.revision === null
                ? 'They are read from the running service.'
                : 'It describes none: it accepts any method on any path.'}
            </p>
          ) : (
            <ul className="divide-y divide-border">
              {endpoints.slice(0, mostEndpoints).map((endpoint) => (
                <li key={endpoint.name} className="relative flex h-[34px] items-center gap-2 px-3 hover:bg-hover">
                  <Link
                    href={paths.endpoint(at, endpoint.name)}
                    prefetch={false}
                    title={endpoint.description}
                    className="min-w-0 truncate font-mono text-small text-text no-underline after:absolute after:inset-0"
                  >
                    {endpoint.name}
                  </Link>
                  {endpoint.stream && <span className="ml-auto text-small text-muted">stream</span>}
                </li>
              ))}
              {endpoints.length > mostEndpoints && (
                <li className="px-3 py-1.5 text-small text-muted">and {endpoints.length - mostEndpoints} more</li>
              )}
            </ul>
          )}
        </Panel>
      </section>
    </>
  )
}
