import type { Action } from '#contract/permissions.ts'
import type { ActorName, Cast } from './cast.ts'
import { trials } from './procedures.ts'
import type { World } from './world.ts'

export interface CommandTrial {
  argv: (own: World, made: Record<string, unknown>) => string[]
  /** What it asks for, in its order: who lacks one of them is refused as that one is. */
  needs: readonly Action[]
  /** All that it asks web for, as it is seen when an owner runs it: procedures, and paths beside them. */
  uses: readonly string[]
  /** Something made to be used up by whoever may: the first of these that the trial of its procedure makes. */
  fresh?: keyof typeof trials
  /** How it may end for those who may, besides well. */
  ends?: readonly string[]
}

const notRunning = ['not_in_this_state', 'not_found']
const made = (given: Record<string, unknown>, key: string, or: string) => String(given[key] ?? or)

/** Commands that concern this machine alone, or are tried by another name. */
export const localCommands: Record<string, string> = {
  new: 'makes a folder',
  completion: 'prints a script',
  'git-credential': 'tells git what this machine remembers',
  server: 'runs the platform',
  upgrade: "this machine's platform, by a signal",
  backup: "this machine's platform, by its files",
  restore: "this machine's platform, by its files",
  run: 'is deploy',
  logout: 'ends its own token: person.logout',
  dev: 'one upgrade: /api/laptop',
}

/** Every other command of `m3o`, by its words. */
export const commandTrials: Record<string, CommandTrial> = {
  login: { argv: () => ['login', '--token', 'SECRET'], needs: ['platform.start'], uses: ['person.me'] },
  whoami: { argv: () => ['whoami'], needs: ['platform.start'], uses: ['person.me'] },
  doctor: { argv: () => ['doctor'], needs: ['person.read'], uses: ['/health', 'platform.about', 'platform.health'] },
  'key rotate': { argv: () => ['key', 'rotate'], needs: ['platform.write'], uses: ['platform.rotateKey'] },
  complete: { argv: () => ['complete', '--', 'status', ''], needs: ['service.read'], uses: ['services.list'] },

  services: { argv: () => ['services'], needs: ['service.read'], uses: ['services.list'] },
  status: { argv: ({ service }) => ['status', service], needs: ['service.read'], uses: ['services.get'] },
  kill: {
    argv: ({ quiet }) => ['kill', quiet],
    needs: ['service.deploy'],
    uses: ['services.kill'],
    ends: notRunning,
  },
  'service delete': {
    argv: ({ quiet }, given) => ['service', 'delete', made(given, 'service', quiet), '--yes'],
    needs: ['service.delete'],
    uses: ['services.delete'],
    fresh: 'services.delete',
  },
  'service rename': {
    argv: ({ quiet }, given) => [
      'service',
      'rename',
      made(given, 'service', quiet),
      `${made(given, 'service', quiet)}-r`,
    ],
    needs: ['service.rename'],
    uses: ['services.rename'],
    fresh: 'services.rename',
  },
  'service transfer': {
    argv: ({ quiet, email }) => ['service', 'transfer', quiet, email],
    needs: ['service.write'],
    uses: ['services.update'],
  },
  share: { argv: ({ quiet }) => ['share', quiet, '--team-only'], needs: ['service.share'], uses: ['services.share'] },

  describe: {
    argv: ({ quiet }) => ['describe', quiet, '--contact', '#oncall'],
    needs: ['service.write'],
    uses: ['services.update'],
  },
  deprecate: {
    argv: ({ quiet }, given) => ['deprecate', made(given, 'service', quiet), '-m', 'use another'],
    needs: ['service.share'],
    uses: ['services.deprecate'],
    fresh: 'services.share',
  },
  fork: {
    argv: () => ['fork', '@other/nothing'],
    needs: ['service.create'],
    uses: ['shared.fork'],
    ends: ['not_found'],
  },
  follow: {
    argv: () => ['follow', '@other/nothing'],
    needs: ['service.follow'],
    uses: ['shared.follow'],
    ends: ['not_found'],
  },
  unfollow: { argv: () => ['unfollow', '@other/nothing'], needs: ['service.follow'], uses: ['shared.follow'] },
  changes: {
    argv: () => ['changes'],
    needs: ['service.follow', 'consumer.read'],
    uses: ['shared.news', 'consumers.asks'],
  },
  consumers: { argv: ({ service }) => ['consumers', service], needs: ['consumer.read'], uses: ['consumers.list'] },
  'consumer ask': {
    argv: () => ['consumer', 'ask', '@other/nothing', '--reason', 'to call it'],
    needs: ['consumer.ask'],
    uses: ['shared.ask'],
    ends: ['not_found'],
  },
  'consumer approve': {
    argv: ({ quiet }, given) => ['consumer', 'approve', made(given, 'service', quiet), 'other'],
    needs: ['consumer.write'],
    uses: ['consumers.decide'],
    fresh: 'services.share',
  },
  'consumer decline': {
    argv: ({ quiet }) => ['consumer', 'decline', quiet, 'other'],
    needs: ['consumer.write'],
    uses: ['consumers.decide'],
    ends: ['not_in_this_state'],
  },
  'consumer revoke': {
    argv: ({ quiet }) => ['consumer', 'revoke', quiet, 'other'],
    needs: ['consumer.write'],
    uses: ['consumers.decide'],
    ends: ['not_in_this_state'],
  },
  'consumer limit': {
    argv: ({ quiet }, given) => ['consumer', 'limit', made(given, 'service', quiet), 'other', '--per-minute', '5'],
    needs: ['consumer.write'],
    uses: ['consumers.limit'],
    fresh: 'services.share',
  },

  deploy: {
    argv: ({ quiet }) => ['deploy', 'FOLDER', '--service', quiet],
    needs: ['source.write', 'service.deploy'],
    uses: ['/api/upload/deploy'],
    ends: ['invalid_manifest', 'failed'],
  },
  rollback: {
    argv: ({ quiet }) => ['rollback', quiet],
    needs: ['service.deploy'],
    uses: ['deployments.rollback'],
    ends: notRunning,
  },
  restart: {
    argv: ({ apart }) => ['restart', apart],
    needs: ['service.deploy'],
    uses: ['deployments.restart'],
    ends: notRunning,
  },
  scale: {
    argv: ({ apart }) => ['scale', apart, '--min', '1', '--max', '1'],
    needs: ['service.deploy'],
    uses: ['deployments.scale'],
    ends: notRunning,
  },
  pull: {
    argv: ({ service }) => ['pull', service, 'NEW', '--no-settings'],
    needs: ['service.read', 'environment.read'],
    uses: ['services.get', 'environments.list'],
  },
  exec: { argv: ({ service }) => ['exec', service, '--', 'true'], needs: ['service.exec'], uses: [] },
  call: {
    argv: ({ service }) => ['call', service, 'Hello', '{"name":"a"}'],
    needs: ['service.read', 'service.call'],
    uses: ['services.get', '/api/calls'],
  },
  logs: { argv: ({ service }) => ['logs', service, '-n', '1'], needs: ['log.read'], uses: ['logs.read'] },
  trace: { argv: () => ['trace', '0'.repeat(32)], needs: ['log.read'], uses: ['calls.trace'], ends: ['not_found'] },

  'env list': { argv: () => ['env', 'list'], needs: ['environment.read'], uses: ['environments.list'] },
  'env use': { argv: () => ['env', 'use', 'production'], needs: ['environment.read'], uses: ['environments.list'] },
  'env create': {
    argv: (_own, given) => ['env', 'create', `k${made(given, 'environment', 'x')}`, '--kind', 'shared'],
    needs: ['environment.create'],
    uses: ['environments.create'],
    fresh: 'environments.delete',
  },
  'env delete': {
    argv: ({ child }, given) => ['env', 'delete', made(given, 'environment', child)],
    needs: ['environment.delete'],
    uses: ['environments.delete'],
    fresh: 'environments.delete',
  },
  'env restore': { argv: () => ['env', 'restore'], needs: ['environment.read'], uses: ['environments.departed'] },
  'env reset': {
    argv: ({ apart }) => ['env', 'reset', apart],
    needs: ['environment.write'],
    uses: ['environments.reset'],
    ends: notRunning,
  },
  'env move': {
    argv: ({ child }) => ['env', 'move', child, '--from', 'production'],
    needs: ['environment.write'],
    uses: ['environments.move'],
  },
  'env keep': {
    argv: ({ child }) => ['env', 'keep', child],
    needs: ['environment.write'],
    uses: ['environments.keep'],
    ends: ['bad_request'],
  },
  'env let-in': {
    argv: ({ child }) => ['env', 'let-in', child],
    needs: ['environment.read'],
    uses: ['environments.list'],
  },
  'env protect': {
    argv: ({ child }, given) => ['env', 'protect', made(given, 'environment', child), '--deploy', 'viewer'],
    needs: ['environment.read', 'environment.protect'],
    uses: ['environments.list', 'environments.protect'],
    fresh: 'environments.protect',
  },
  'env pin': {
    argv: ({ child }, given) => ['env', 'pin', made(given, 'environment', child)],
    needs: ['environment.write'],
    uses: ['environments.pin'],
    fresh: 'environments.pin',
  },
  'env unpin': {
    argv: ({ child }, given) => ['env', 'unpin', made(given, 'environment', child)],
    needs: ['environment.write'],
    uses: ['environments.unpin'],
    fresh: 'environments.unpin',
    ends: notRunning,
  },
  'env diff': { argv: ({ child }) => ['env', 'diff', child], needs: ['environment.read'], uses: ['environments.diff'] },
  'env promote': {
    argv: ({ child, apart }) => ['env', 'promote', child, '--service', apart, '--yes'],
    needs: ['environment.read', 'environment.promote'],
    uses: ['environments.diff', 'promotions.start'],
    ends: notRunning,
  },

  'env requests': { argv: () => ['env', 'requests'], needs: ['environment.read'], uses: ['promotions.requests'] },
  'env approve': {
    argv: () => ['env', 'approve', 'none'],
    needs: ['environment.read', 'environment.promote'],
    uses: ['promotions.requests', 'promotions.approve'],
    ends: ['not_found'],
  },
  'env decline': {
    argv: () => ['env', 'decline', 'none'],
    needs: ['environment.promote'],
    uses: ['promotions.decline'],
    ends: ['not_found'],
  },

  'var set': { argv: ({ quiet }) => ['var', 'set', quiet, 'A'], needs: ['variable.write'], uses: ['variables.set'] },
  'var list': { argv: ({ quiet }) => ['var', 'list', quiet], needs: ['variable.read'], uses: ['variables.list'] },
  'var delete': {
    argv: ({ quiet }) => ['var', 'delete', quiet, 'NONE'],
    needs: ['variable.write'],
    uses: ['variables.delete'],
    ends: notRunning,
  },
  'var reset': {
    argv: ({ quiet }) => ['var', 'reset', quiet, 'NONE'],
    needs: ['variable.write'],
    uses: ['variables.reset'],
    ends: notRunning,
  },
  'secret set': {
    argv: ({ quiet }) => ['secret', 'set', quiet, 'B'],
    needs: ['variable.write'],
    uses: ['variables.set'],
  },
  'secret list': { argv: ({ quiet }) => ['secret', 'list', quiet], needs: ['variable.read'], uses: ['variables.list'] },
  'secret delete': {
    argv: ({ quiet }) => ['secret', 'delete', quiet, 'NONE'],
    needs: ['variable.write'],
    uses: ['variables.delete'],
    ends: notRunning,
  },
  'secret reset': {
    argv: ({ quiet }) => ['secret', 'reset', quiet, 'NONE'],
    needs: ['variable.write'],
    uses: ['variables.reset'],
    ends: notRunning,
  },
  'secret mark': {
    argv: ({ quiet }) => ['secret', 'mark', quiet, 'NONE', '--inheritable'],
    needs: ['variable.write'],
    uses: ['variables.mark'],
    ends: notRunning,
  },

  'team list': { argv: () => ['team', 'list'], needs: ['person.read'], uses: ['teams.list'] },
  'team create': {
    argv: (_own, given) => ['team', 'create', `k${made(given, 'team', 'x')}`],
    needs: ['team.create'],
    uses: ['teams.create'],
    fresh: 'teams.delete',
  },
  'team use': {
    argv: ({ team }) => ['team', 'use', team],
    needs: ['platform.start'],
    uses: ['person.me'],
    ends: ['not_found'],
  },
  'team delete': {
    argv: ({ team }, given) => ['team', 'delete', made(given, 'team', team), '--yes'],
    needs: ['team.delete'],
    uses: ['teams.delete'],
    fresh: 'teams.delete',
  },
  'team egress': {
    argv: () => ['team', 'egress', 'all'],
    needs: ['team.write', 'team.read'],
    uses: ['teams.setEgress', 'teams.egress'],
  },
  'member list': { argv: () => ['member', 'list'], needs: ['team.read'], uses: ['members.list'] },
  'member role': {
    argv: ({ email }) => ['member', 'role', email, 'viewer'],
    needs: ['team.read', 'member.write'],
    uses: ['members.list', 'members.setRole'],
  },
  'member remove': {
    argv: () => ['member', 'remove', 'nobody@example.com'],
    needs: ['team.read'],
    uses: ['members.list'],
    ends: ['not_found'],
  },
  'invite create': {
    argv: (_own, given) => [
      'invite',
      'create',
      `${made(given, 'invitationId', 'x').replaceAll('_', '-')}@example.com`,
      '--role',
      'viewer',
    ],
    needs: ['member.write'],
    uses: ['invitations.create'],
    fresh: 'invitations.revoke',
  },
  'invite accept': {
    argv: () => ['invite', 'accept', 'no-such-link'],
    needs: [],
    uses: ['invitations.accept'],
    ends: ['not_found', 'forbidden', 'unauthenticated'],
  },
  audit: { argv: () => ['audit'], needs: ['audit.read'], uses: ['audit.read'] },
  'token create': { argv: () => ['token', 'create', 'made'], needs: ['token.write'], uses: ['tokens.create'] },
  'token list': { argv: () => ['token', 'list'], needs: ['token.read'], uses: ['tokens.list'] },
  'token revoke': {
    argv: () => ['token', 'revoke', 'none'],
    needs: ['token.write'],
    uses: ['tokens.revoke'],
    ends: ['not_found'],
  },
}

/** Made as the trial of the procedure makes it. */
export const freshFor = (
  cast: Cast,
  trial: CommandTrial,
  actor: ActorName,
  turn: number,
): Promise<Record<string, unknown>> =>
  (trial.fresh === undefined ? undefined : trials[trial.fresh]?.fresh?.(cast, actor, turn)) ?? Promise.resolve({})
