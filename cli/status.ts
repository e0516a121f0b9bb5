import colors from 'picocolors'
import { spokenLaptop } from '#contract/laptop-names.ts'
import type { Service } from '#contract/records.ts'
import { serviceStates } from '#contract/states.ts'
import { ago, plain, table } from './output.ts'

/** As it is called from a team: another's has that in its name. */
export const nameFrom = (team: string, one: Pick<Service, 'team' | 'name'>): string =>
  one.team === team ? one.name : `@${one.team}/${one.name}`

const unwell: ReadonlySet<Service['state']> = new Set(['failed', 'crashing'])

/** How many are how, then each in a line, those first that somebody has to look at, with why. */
export function statusOfAll(
  services: readonly Service[],
  { team, environment }: { team: string; environment: string },
): string {
  const place = `${environment} of ${team}`
  if (services.length === 0) return `No services in ${place} yet. Create one: m3o new hello`
  const counts = serviceStates.flatMap((state) => {
    const count = services.filter((one) => one.state === state).length
    return count === 0 ? [] : [`${count} ${unwell.has(state) ? colors.red(state) : state}`]
  })
  const line = (one: Service) => [
    nameFrom(team, one),
    one.state,
    one.revision ?? '–',
    String(one.instances.length),
    one.reason?.split('\n', 1)[0] ?? '',
  ]
  const rows = [
    ...services.filter(({ state }) => unwell.has(state)),
    ...services.filter(({ state }) => !unwell.has(state)),
  ].map(line)
  return [
    `${colors.bold(place)}: ${counts.join(', ')}`,
    '',
    table(['service', 'state', 'revision', 'instances', ''], rows),
    '',
    colors.dim('All details of a service: m3o status SERVICE'),
  ].join('\n')
}

/** One service, with all there is to say. */
export function statusOf(one: Service): string {
  const rows = [
    ['state', one.reason === null ? one.state : `${one.state} (${plain(one.reason.split('\n', 1)[0] ?? '')})`],
    ...(one.laptop === null
      ? []
      : [['runs', `on ${plain(spokenLaptop(one.laptop.by))}, which took over ${ago(one.laptop.since)}`]]),
    [
      'revision',
      one.revision === null
        ? '–'
        : `${one.revision} from ${one.from}${one.pinned ? ', pinned: it does not follow the parent' : ''}`,
    ],
    [
      'instances',
      one.instances.length === 0
        ? '–'
        : one.instances.map(({ id, pid, state }) => `${id} ${state} pid ${pid ?? '–'}`).join('\n            '),
    ],
    ['url', one.url],
    ['owner', one.owner?.email ?? '–'],
    ...(one.contact === '' ? [] : [['on call', plain(one.contact)]]),
    ...(one.tags.length === 0 ? [] : [['tags', one.tags.join(', ')]]),
    ...(one.access === null || one.access === 'open' ? [] : [['access', one.access]]),
    ...(one.deprecation === null
      ? []
      : [
          [
            'deprecated',
            `${plain(one.deprecation.message)}${one.deprecation.sunset === null ? '' : `; stops ${new Date(one.deprecation.sunset).toISOString().slice(0, 10)}`}${one.deprecation.replacement === null ? '' : `; use ${one.deprecation.replacement}`}`,
          ],
        ]),
    ...(one.forkedFrom === null
      ? []
      : [['forked', `from ${one.forkedFrom.name ?? 'a deleted service'} at ${one.forkedFrom.revision}`]]),
    ['endpoints', one.endpoints.map((endpoint) => endpoint.name).join(', ') || '–'],
  ]
  return [
    `${colors.bold(one.name)} in ${one.environment} of ${one.team}`,
    ...rows.map(([name = '', value = '']) => `  ${colors.dim(name.padEnd(9))} ${value}`),
  ].join('\n')
}
