import { consolePath, lasting } from '#contract/console-paths.ts'

/** Every URL of the console. Names are URL-safe by contract/names.ts; everything else is encoded here. */

export interface InTeam {
  team: string
  environment: string
}
export interface OfService extends InTeam {
  service: string
}

export const serviceTabs = [
  'overview',
  'code',
  'api',
  'logs',
  'metrics',
  'deployments',
  'consumers',
  'settings',
] as const
export type ServiceTab = (typeof serviceTabs)[number]

/** Parts of the screen of another team's service. */
export const sharedViews = ['call', 'docs', 'source', 'usage'] as const
export type SharedView = (typeof sharedViews)[number]

export const sections = ['services', 'environments', 'deployments', 'logs', 'team', 'settings'] as const
/** A screen of a team's environment; `services` is the catalogue. */
export type Section = (typeof sections)[number]

const root = ({ team, environment }: InTeam) => `/${team}/${environment}`
const query = (entries: object) => {
  const set = Object.entries(entries)
    .filter(([, value]) => value !== undefined && value !== null && value !== '')
    .map(([key, value]) => [key, String(value)])
  return set.length === 0 ? '' : `?${new URLSearchParams(set).toString()}`
}

export const paths = {
  ...consolePath,
  section: (at: InTeam, section: Section) => `${root(at)}/${section}`,
  catalogue: (
    at: InTeam,
    filters: { q?: string; owner?: string; state?: string; language?: string; tag?: string } = {},
  ) => `${root(at)}/services${query(filters)}`,
  newService: (at: InTeam, template?: string) => `${root(at)}/services/new${query({ template })}`,
  service: (at: OfService, tab: ServiceTab = 'overview') => `${root(at)}/services/${at.service}/${tab}`,
  code: (at: OfService, open: { path?: string; line?: number; column?: number } = {}) =>
    `${paths.service(at, 'code')}${query(open)}`,
  endpoint: (at: OfService, endpoint?: string) => `${paths.service(at, 'api')}${query({ endpoint })}`,
  /** A line is a place in one service's log. */
  serviceLogs: (at: OfService, look: { seq?: number; q?: string; level?: string } = {}) =>
    `${paths.service(at, 'logs')}${query(look)}`,
  deployment: (at: OfService, deploymentId: string) => `${paths.service(at, 'deployments')}/${deploymentId}`,
  /** What other teams share with this one. */
  sharedServices: (at: InTeam) => `${root(at)}/shared`,
  shared: (at: InTeam, of: { team: string; service: string }, view?: SharedView) =>
    `${paths.sharedServices(at)}/${of.team}/${of.service}${query({ view: view === 'call' ? undefined : view })}`,
  environments: (at: InTeam) => `${root(at)}/environments`,
  /** The address's environment against another, its parent unless one is named. */
  compare: (at: InTeam, look: { against?: string } = {}) => `${root(at)}/environments/compare${query(look)}`,
  promotion: (at: InTeam, promotionId: string) => `${root(at)}/environments/promotions/${promotionId}`,
  deployments: (at: InTeam, filters: { environment?: string; service?: string; by?: string; state?: string } = {}) =>
    `${root(at)}/deployments${query(filters)}`,
  logs: (
    at: InTeam,
    look: { services?: string; q?: string; level?: string; trace?: string; from?: string; until?: string } = {},
  ) => `${root(at)}/logs${query(look)}`,
  team: (at: InTeam, tab: 'members' | 'invitations' | 'tokens' | 'audit' = 'members') =>
    `${root(at)}/team${query({ tab: tab === 'members' ? undefined : tab })}`,
  settings: (at: InTeam, tab?: 'account' | 'platform' | 'health') => `${root(at)}/settings${query({ tab })}`,
  newTeam: () => '/new',

  /** The same screen in another environment, with what its query still means there; another team has other services, so there only the section is kept. */
  switchedTo: ({ pathname, search = '' }: { pathname: string; search?: string }, to: InTeam) => {
    const [, team, , section, first, second] = pathname.split('/')
    const known = sections.find((name) => name === section)
    if (team !== to.team) return `${root(to)}/${known ?? 'services'}`
    const rest =
      known === 'services' && first !== undefined
        ? `services/${first}${second ? `/${second}` : ''}`
        : known === 'environments' && first === 'compare'
          ? 'environments/compare'
          : section === 'shared'
            ? ['shared', first, second].filter((part) => part !== undefined).join('/')
            : (known ?? 'services')
    const carried = lasting(search)
    if (carried.get('against') === to.environment) carried.delete('against')
    return `${root(to)}/${rest}${carried.size === 0 ? '' : `?${carried.toString()}`}`
  },

  // Served by web itself, not by pages
  rawFile: (at: OfService, file: { path: string; commit?: string }) => `/api/raw${query({ ...at, ...file })}`,
  uploadFile: (at: OfService, file: { path: string; expected: string | null }) =>
    `/api/upload/file${query({ ...at, path: file.path, expected: file.expected ?? undefined })}`,
  downloadLogs: (at: InTeam, look: { services?: string[]; format?: 'text' | 'ndjson'; query?: object } = {}) =>
    `/api/logs${query({ ...at, services: look.services?.join(','), format: look.format, query: look.query && JSON.stringify(look.query) })}`,
} as const
