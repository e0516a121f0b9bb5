import { type InTeam, type OfService, paths } from '#client/paths.ts'

/** Something that can be done from everywhere: on the screen where its button is, once that offers it. */
export interface Command {
  id: string
  title: string
  words: string
  href: string
  /** The action of that screen; absent: to be there is all. */
  action?: string
}

/** What can be done with a team, an account or the platform. */
export function teamCommands(at: InTeam, parent: string | null): Command[] {
  return [
    {
      id: 'to.service.new',
      title: 'New service',
      words: 'create add template start',
      href: paths.catalogue(at),
      action: 'service.new',
    },
    {
      id: 'to.environment.new',
      title: 'New environment',
      words: 'create add overlay branch preview personal',
      href: paths.environments(at),
      action: 'environment.new',
    },
    {
      id: 'to.invite',
      title: 'Invite a person',
      words: 'add member colleague user people invitation',
      href: paths.team(at),
      action: 'member.invite',
    },
    {
      id: 'to.token',
      title: 'New token',
      words: 'create api key credential machine',
      href: paths.team(at, 'tokens'),
      action: 'token.new',
    },
    {
      id: 'to.token.ci',
      title: 'Token for CI',
      words: 'pipeline github gitlab actions machine key',
      href: paths.team(at, 'tokens'),
      action: 'token.ci',
    },
    ...(parent === null
      ? []
      : [
          {
            id: 'to.promote',
            title: `Promote ${at.environment} to ${parent}`,
            words: 'promotion release ship merge production',
            href: paths.compare(at),
            action: 'environment.promote',
          },
        ]),
    {
      id: 'to.compare',
      title: `Compare ${at.environment} with ${parent ?? 'another environment'}`,
      words: 'difference diff promotion overrides',
      href: paths.compare(at),
    },
    { id: 'to.members', title: 'Members and roles', words: 'people users team permissions', href: paths.team(at) },
    { id: 'to.invitations', title: 'Invitations', words: 'invite people pending', href: paths.team(at, 'invitations') },
    { id: 'to.tokens', title: 'Tokens', words: 'api keys credentials', href: paths.team(at, 'tokens') },
    { id: 'to.audit', title: 'Audit log', words: 'history who did changes', href: paths.team(at, 'audit') },
    {
      id: 'to.shared',
      title: 'Services that other teams share',
      words: 'consume discover shared',
      href: paths.sharedServices(at),
    },
    {
      id: 'to.news',
      title: 'What changed in shared services',
      words: 'news following',
      href: paths.catalogue(at),
      action: 'catalogue.news',
    },
    {
      id: 'to.account',
      title: 'Account and sessions',
      words: 'profile password email passkey second factor 2fa theme times preferences',
      href: paths.settings(at, 'account'),
    },
    { id: 'to.team', title: 'Team settings', words: 'rename plan usage', href: paths.settings(at) },
    {
      id: 'to.health',
      title: 'Platform health',
      words: 'status disk memory database backups',
      href: paths.settings(at, 'health'),
    },
    {
      id: 'to.platform',
      title: 'Platform settings',
      words: 'operator sign-up people egress engine version',
      href: paths.settings(at, 'platform'),
    },
    { id: 'to.team.new', title: 'New team', words: 'create', href: paths.newTeam() },
  ]
}

interface ServiceCommand {
  verb: string
  words: string
  href: (at: OfService) => string
  action?: string
}

const overview = (at: OfService) => paths.service(at)
const settings = (at: OfService) => paths.service(at, 'settings')

const ofService: readonly ServiceCommand[] = [
  { verb: 'Deploy', words: 'ship release draft', href: overview, action: 'service.deploy' },
  { verb: 'Roll back', words: 'rollback revert undo previous earlier', href: overview, action: 'service.rollback' },
  { verb: 'Restart', words: 'reboot', href: overview, action: 'service.restart' },
  { verb: 'Scale', words: 'instances replicas sleep', href: overview, action: 'service.scale' },
  { verb: 'Stop', words: 'kill shut down', href: overview, action: 'service.kill' },
  { verb: 'Terminal', words: 'shell exec ssh bash console', href: (at) => `${paths.code(at)}?panel=terminal` },
  { verb: 'Logs', words: 'lines output errors', href: (at) => paths.service(at, 'logs') },
  { verb: 'Call an endpoint', words: 'api request try curl', href: (at) => paths.service(at, 'api') },
  { verb: 'Code', words: 'edit editor files source', href: (at) => paths.code(at) },
  { verb: 'Deployments', words: 'revisions versions history releases', href: (at) => paths.service(at, 'deployments') },
  {
    verb: 'Metrics',
    words: 'latency traffic requests errors health graphs',
    href: (at) => paths.service(at, 'metrics'),
  },
  { verb: 'Docs', words: 'readme documentation', href: overview },
  { verb: 'Variables and secrets', words: 'environment env config settings', href: settings },
  { verb: 'Add a variable', words: 'secret environment env set', href: settings, action: 'variables.add' },
  { verb: 'Share', words: 'audience public private teams access consumers', href: settings, action: 'service.share' },
  { verb: 'Consumers', words: 'callers teams approve limits', href: (at) => paths.service(at, 'consumers') },
  { verb: 'Instances and limits', words: 'memory cpu scale health check', href: settings, action: 'service.limits' },
  { verb: 'Deprecate', words: 'sunset retire replace', href: settings, action: 'service.deprecate' },
  { verb: 'Transfer', words: 'move owner team', href: settings, action: 'service.transfer' },
  { verb: 'Rename', words: 'name', href: settings, action: 'service.rename' },
  { verb: 'Settings', words: 'domains delete owner tags', href: settings },
]

/** One that was chosen before, by its id. */
export function commandById(
  at: InTeam,
  id: string,
  { parent, services }: { parent: string | null; services: readonly string[] },
): Command | undefined {
  const [, service = '', verb] = /^to\.([a-z][a-z\d-]*)\.([A-Z].*)$/.exec(id) ?? []
  const found = ofService.find((each) => each.verb === verb)
  if (found !== undefined && services.includes(service)) return commandOf({ ...at, service }, found)
  return teamCommands(at, parent).find((each) => each.id === id)
}

const commandOf = (at: OfService, { verb, words, href, action }: ServiceCommand): Command => ({
  id: `to.${at.service}.${verb}`,
  title: `${verb}: ${at.service}`,
  words: `${words} ${at.service}`,
  href: href(at),
  ...(action !== undefined && { action }),
})

const most = 60

/**
 * What can be done with services, for what was typed: a word names the deed, the others the service. Without another word it
 * is about the given services, the recent ones. Of all services times all deeds only what is wanted is made.
 */
export function serviceCommands(
  at: InTeam,
  services: readonly string[],
  { text, recent }: { text: string; recent: readonly string[] },
): Command[] {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
  if (words.length === 0) return []
  const begins = (texts: string, word: string) =>
    texts
      .toLowerCase()
      .split(/[^a-z0-9]+/)
      .some((part) => part.startsWith(word))
  const found: Command[] = []
  for (const each of ofService) {
    const rest = words.filter((word) => !begins(`${each.verb} ${each.words}`, word))
    if (rest.length === words.length) continue
    const names = rest.length === 0 ? recent : services.filter((name) => rest.every((word) => name.includes(word)))
    for (const service of names.slice(0, 8)) found.push(commandOf({ ...at, service }, each))
    if (found.length >= most) break
  }
  return found
}
