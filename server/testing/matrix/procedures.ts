import type { ActorName, Cast } from './cast.ts'
import { roleOf, secretOf } from './cast.ts'
import type { World } from './world.ts'

type Input = Record<string, unknown>

/** How one procedure is tried. Names (`team`, `environment`, `service`) are given by where it is placed. */
export interface Trial {
  /** The rest of a whole, valid input; names given here go before. */
  input?: (own: World, turn: number) => Input
  /** Which parts of the input name something of a team: each is replaced by the other team's, which must not be found. */
  foreign?: Record<string, (other: World) => unknown>
  /** Something made to be used up by whoever may: it replaces parts of the input. */
  fresh?: (cast: Cast, actor: ActorName, turn: number) => Promise<Input>
  /** How it may end for those who may, besides well: reasons that have nothing to do with who asks. */
  ends?: readonly string[]
  /** It is of people themselves: nobody is told `unauthenticated` although the table lets everybody in. */
  signedIn?: true
  /** A token that is limited to another service or environment may, within its limits. */
  narrow?: 'may'
  /** Why doing it leaves no row in the audit, where it is a mutation. */
  unwritten?: string
  /** After the others, as it ends something that those need; the highest last. */
  last?: number
}

const draft = "one's own draft, which is nobody's until it is deployed"
const message = 'a message, whose link does nothing until it was opened'
const challenge = 'a challenge, which changes nothing until it was answered'
const size = { cols: 80, rows: 24 }
const tree = { ref: { draft: true } }
const newService = async (cast: Cast, turn: number): Promise<Input> => {
  await cast.as('owner').services.create({ team: 'demo', name: `v-${turn}`, template: 'hello' })
  return { service: `v-${turn}` }
}
const newEnvironment = async (cast: Cast, turn: number): Promise<Input> => {
  await cast.as('owner').environments.create({ team: 'demo', name: `v-${turn}`, kind: 'shared' })
  return { environment: `v-${turn}` }
}
/** A team in which the actor is what they are in the first. */
const newTeam = async (cast: Cast, actor: ActorName, turn: number): Promise<Input> => {
  const team = `v-${turn}`
  await cast.as('admin').teams.create({ name: team })
  const role = roleOf(actor) ?? 'viewer'
  if (actor !== 'admin') await cast.join(team, actor as 'owner', role, cast.as('admin'))
  else await cast.join(team, 'owner', 'owner', cast.as('admin'))
  return { team }
}
const newInvitation = async (cast: Cast, turn: number) =>
  cast.as('owner').invitations.create({ team: 'demo', email: `v-${turn}@example.com`, role: 'viewer' })
const quiet = (own: World): Input => ({ service: own.quiet })
/** Another team's service by its name, which is not shared. */
const ofOthers = (more: Input = {}): Trial => ({
  input: () => ({ name: '@other/nothing', ...more }),
  foreign: { name: (other) => `@other/${other.service}` },
  ends: ['not_found'],
})
const notRunning = ['not_in_this_state', 'not_found']

/** Every tRPC procedure. One that is missing here fails the suite. */
export const trials: Record<string, Trial> = {
  'audit.read': {},
  'audit.platform': {},
  'audit.verify': { unwritten: 'it changes nothing' },
  'calls.send': {
    unwritten: 'a call: counted, traced and logged',
    input: (own) => ({ service: own.service, path: '/Hello', body: '{"name":"a"}' }),
    foreign: { service: (other) => other.service },
  },
  'calls.stream': {
    unwritten: 'a call: counted, traced and logged',
    input: (own) => ({ service: own.service, path: '/Hello', body: '{"name":"a"}' }),
    foreign: { service: (other) => other.service },
  },
  'calls.trace': { input: () => ({ traceId: '0'.repeat(32) }) },

  'consumers.list': {},
  'consumers.asks': {},
  'consumers.decide': {
    fresh: (cast, _actor, turn) => newService(cast, turn),
    input: () => ({ of: 'other', verdict: 'approve' }),
  },
  'consumers.limit': {
    fresh: (cast, _actor, turn) => newService(cast, turn),
    input: () => ({ of: 'other', perMinute: 5 }),
  },

  'deployments.list': {
    input: (own) => ({ service: own.service }),
    foreign: { service: (other) => other.service, environment: (other) => other.child },
  },
  'deployments.get': {
    input: ({ deploymentId }) => ({ deploymentId }),
    foreign: { deploymentId: (other) => other.deploymentId },
  },
  'deployments.diff': {
    input: ({ deploymentId }) => ({ deploymentId }),
    foreign: { deploymentId: (other) => other.deploymentId },
  },
  'deployments.impact': {
    input: ({ deploymentId }) => ({ deploymentId }),
    foreign: { deploymentId: (other) => other.deploymentId },
  },
  'deployments.cancel': {
    input: ({ deploymentId }) => ({ deploymentId }),
    foreign: { deploymentId: (other) => other.deploymentId },
    ends: ['not_in_this_state'],
  },
  'deployments.start': { input: (own) => ({ ...quiet(own), what: { draft: {} } }) },
  'deployments.saveAndStart': {
    input: (own, turn) => ({ ...quiet(own), path: `saved-${turn}.txt`, text: 'x', expected: null }),
  },
  'deployments.rollback': {
    input: (own) => ({ ...quiet(own), to: own.deploymentId }),
    foreign: { to: (other) => other.deploymentId },
    ends: notRunning,
  },
  'deployments.restart': { input: quiet, ends: notRunning },
  'deployments.scale': { input: (own) => ({ ...quiet(own), min: 1, max: 1 }), ends: notRunning },

  'environments.list': {},
  'environments.create': {
    input: (_own, turn) => ({ name: `c-${turn}`, kind: 'shared' }),
    foreign: { from: (other) => other.child },
  },
  'environments.delete': { fresh: (cast, _actor, turn) => newEnvironment(cast, turn) },
  'environments.departed': {},
  'environments.restore': {
    input: () => ({ name: 'never-was' }),
    foreign: { name: (other) => other.child },
    ends: ['not_found'],
  },
  // A shared environment does not expire.
  'environments.keep': { input: (own) => ({ environment: own.child }), ends: ['bad_request'] },
  'environments.move': {
    unwritten: 'it is there already',
    input: (own) => ({ environment: own.child, from: 'production' }),
    foreign: { from: (other) => other.child },
  },
  'environments.diff': {
    input: (own) => ({ environment: own.child, against: 'production' }),
    foreign: { against: (other) => other.child },
  },
  'environments.reset': { input: (own) => ({ ...quiet(own), environment: own.child }), ends: notRunning },
  'environments.protect': {
    fresh: (cast, _actor, turn) => newEnvironment(cast, turn),
    input: () => ({ protection: null }),
  },
  'environments.letIn': {
    fresh: async (cast, actor, turn) => {
      const name = `v-${turn}`
      await cast
        .as(roleOf(actor) === 'developer' || roleOf(actor) === 'admin' ? (actor as 'admin') : 'owner')
        .environments.create({ team: 'demo', name, kind: 'personal' })
      return { environment: name }
    },
    input: () => ({ people: [] }),
  },
  'environments.pin': { fresh: (cast, _actor, turn) => newEnvironment(cast, turn) },
  'environments.unpin': { fresh: (cast, _actor, turn) => newEnvironment(cast, turn), ends: ['not_in_this_state'] },

  'invitations.list': {},
  'invitations.create': { input: (_own, turn) => ({ email: `i-${turn}@example.com`, role: 'viewer' }) },
  'invitations.revoke': {
    input: ({ invitationId }) => ({ invitationId }),
    foreign: { invitationId: (other) => other.invitationId },
    fresh: async (cast, _actor, turn) => ({ invitationId: (await newInvitation(cast, turn)).id }),
  },
  // Whoever has the link may read it; taking it is bound to its address.
  'invitations.read': { input: ({ invitationLink }) => ({ secret: secretOf(invitationLink) }) },
  'invitations.accept': {
    input: ({ invitationLink }) => ({ secret: secretOf(invitationLink), password: 'x' }),
    ends: ['conflict', 'forbidden', 'bad_request'],
  },

  'logs.volume': {
    input: ({ service }) => ({ services: [service], since: null, until: Date.now(), steps: 10 }),
    foreign: { services: (other) => [other.service] },
  },
  'logs.read': { input: ({ service }) => ({ services: [service] }), foreign: { services: (other) => [other.service] } },

  'members.list': { narrow: 'may' },
  'members.setRole': {
    input: ({ userId }) => ({ userId, role: 'viewer' }),
    foreign: { userId: (other) => other.userId },
  },
  'members.remove': {
    input: ({ userId }) => ({ userId }),
    foreign: { userId: (other) => other.userId },
    fresh: async (cast, _actor, turn) => {
      const person = await cast.stand.web.people.create({
        email: `m-${turn}@example.com`,
        name: 'm',
        password: 'a fine password',
        operator: false,
      })
      const { link } = await cast.as('owner').invitations.create({ team: 'demo', email: person.email, role: 'viewer' })
      await cast.stand.as(await cast.stand.viewerOf(person)).invitations.accept({ secret: secretOf(link) })
      return { userId: person.id }
    },
  },
  'members.leave': { fresh: newTeam },

  'metrics.service': { input: () => ({ range: '1h', by: 'environment' }) },
  'metrics.activity': {},
  'metrics.lately': {},
  'person.me': { signedIn: true },
  'person.setUp': {
    input: () => ({ code: 'wrong', email: 'x@example.com', name: 'X', password: 'a fine password' }),
    ends: ['not_in_this_state', 'forbidden'],
  },
  'person.login': { input: () => ({ email: 'x@example.com', password: 'wrong' }), ends: ['unauthenticated'] },
  'person.confirmCommand': {
    unwritten: 'what it leads to is: the token',
    input: () => ({ port: 1, state: 'some state' }),
    ends: ['forbidden'],
  },
  'person.exchangeCode': { input: () => ({ code: 'wrong' }), ends: ['unauthenticated'] },
  'person.logout': { unwritten: 'its session was ended by others before', signedIn: true, last: 3 },
  'person.rename': { input: () => ({ name: 'Somebody' }), fresh: async (_cast, actor) => ({ name: actor }) },
  'person.changePassword': {
    input: () => ({ current: 'wrong', next: 'another fine password' }),
    ends: ['bad_request'],
  },
  'person.consents': {},
  'person.consent': { input: () => ({ host: 'nothing' }), ends: ['bad_request'] },
  'person.agree': {
    unwritten: 'nothing is agreed to without a host',
    input: () => ({ host: 'nothing', serviceId: 'none' }),
    ends: ['bad_request', 'forbidden'],
  },
  'person.revokeConsent': { unwritten: 'there is none', input: () => ({ serviceId: 'none' }), ends: ['not_found'] },
  'person.sessions': {},
  'person.endSession': {
    input: () => ({ sessionId: 'none' }),
    foreign: { sessionId: (other) => other.sessionId },
    ends: ['not_found'],
  },
  'person.endOtherSessions': { unwritten: 'there is no other', last: 2 },

  'platform.welcome': {},
  'platform.people': {},
  'platform.setSignUp': { input: () => ({ signUp: 'invitation' }) },
  'platform.showMessage': { input: () => ({ messageId: 'none' }), ends: ['not_found'] },
  'platform.confirmPerson': { input: () => ({ userId: 'u_nobody', email: 'nobody@example.com' }), ends: ['not_found'] },
  'platform.removeFactors': { input: () => ({ email: 'nobody@example.com' }), ends: ['not_found'] },
  'platform.dismissMessage': { unwritten: 'nothing of anybody changes', input: () => ({ messageId: 'none' }) },
  'platform.about': {},
  'platform.status': {},
  'platform.health': {},
  'platform.rotateKey': { ends: ['not_in_this_state'] },

  'promotions.list': { input: (own) => ({ environment: own.child }), foreign: { environment: (other) => other.child } },
  'promotions.get': {
    input: ({ promotionId }) => ({ promotionId }),
    foreign: { promotionId: (other) => other.promotionId },
  },
  'promotions.start': {
    input: (own) => ({ environment: own.child, services: [own.quiet] }),
    foreign: { environment: (other) => other.child, services: (other) => [other.service] },
    ends: ['not_in_this_state'],
  },
  'promotions.merge': {
    input: (own) => ({ environment: own.child, services: [own.quiet] }),
    foreign: { environment: (other) => other.child, services: (other) => [other.service] },
    ends: ['not_in_this_state', 'not_found'],
  },
  'promotions.undo': {
    input: ({ promotionId }) => ({ promotionId }),
    foreign: { promotionId: (other) => other.promotionId },
    ends: ['not_in_this_state', 'conflict'],
    last: 1,
  },
  'promotions.cancel': {
    input: ({ promotionId }) => ({ promotionId }),
    foreign: { promotionId: (other) => other.promotionId },
    ends: ['not_in_this_state'],
  },

  'promotions.requests': {},
  // A request that waits is tried in server/second-person.test.ts: it takes two people to have one.
  'promotions.approve': {
    input: () => ({ requestId: 'none', seen: 'none' }),
    ends: ['not_found'],
    foreign: { requestId: () => 'none' },
  },
  'promotions.decline': {
    input: () => ({ requestId: 'none' }),
    ends: ['not_found'],
    foreign: { requestId: () => 'none' },
  },

  'security.read': {},
  'security.confirm': { input: () => ({ password: 'wrong' }), ends: ['bad_request', 'rate_limited'] },
  'security.setPassword': { input: () => ({ password: 'another fine password' }), ends: ['not_in_this_state'] },
  'security.verifyEmail': { unwritten: message, ends: ['rate_limited'] },
  'security.changeEmail': {
    unwritten: message,
    input: (_own, turn) => ({ email: `e-${turn}@example.com` }),
    ends: ['rate_limited'],
  },
  'security.beginTotp': { unwritten: 'it counts once a code of it was right' },
  'security.confirmTotp': { input: () => ({ code: 'wrong' }), ends: ['bad_request', 'rate_limited'] },
  'security.removeTotp': { ends: ['not_in_this_state'] },
  'security.renewRecovery': { ends: ['not_in_this_state'] },
  'security.passkeyOptions': { unwritten: challenge, input: () => ({ host: 'localhost' }) },
  'security.addPasskey': {
    input: () => ({
      name: 'a key',
      answer: {
        id: 'AA',
        rawId: 'AA',
        type: 'public-key',
        clientExtensionResults: {},
        response: { clientDataJSON: 'e30', attestationObject: 'oA' },
      },
    }),
    ends: ['bad_request'],
  },
  'security.renamePasskey': {
    input: () => ({ passkeyId: 'none', name: 'mine' }),
    foreign: { passkeyId: () => 'another person’s' },
    ends: ['not_found'],
  },
  'security.removePasskey': {
    input: () => ({ passkeyId: 'none' }),
    foreign: { passkeyId: () => 'another person’s' },
    ends: ['not_found'],
  },
  'security.beginLinking': { input: () => ({ provider: 'oidc' }), ends: ['not_found'] },
  'security.unlink': { input: () => ({ provider: 'oidc', subject: 'another person’s' }), ends: ['not_found'] },

  'services.list': {},
  'services.catalogue': {},
  'services.shared': {
    input: () => ({ name: '@other/nothing' }),
    foreign: { name: (other) => `@other/${other.service}` },
    ends: ['not_found'],
  },
  'services.get': {},
  'services.everywhere': {},
  'services.create': { input: (_own, turn) => ({ name: `s-${turn}`, empty: true }) },
  'services.rename': {
    fresh: (cast, _actor, turn) => newService(cast, turn),
    input: (_own, turn) => ({ name: `r-${turn}` }),
  },
  'services.update': {
    input: (own) => ({ ...quiet(own), owner: own.email }),
    foreign: { owner: (other) => other.email },
  },
  'services.share': {
    fresh: (cast, _actor, turn) => newService(cast, turn),
    input: () => ({ audience: { kind: 'team' } }),
  },
  'services.deprecate': {
    fresh: (cast, _actor, turn) => newService(cast, turn),
    input: () => ({ deprecation: { message: 'use another' } }),
  },
  'services.dependants': {},
  'services.search': { input: () => ({ query: 'hello' }) },
  'services.configure': { input: (own) => ({ ...quiet(own), settings: { idle: 'never' } }) },
  'services.transfer': {
    fresh: async (cast, actor, turn) => {
      const { team } = await newTeam(cast, actor, turn)
      return { ...(await newService(cast, turn)), to: team }
    },
    input: () => ({ to: 'elsewhere' }),
    foreign: { to: (other) => other.team },
  },
  'services.delete': { fresh: (cast, _actor, turn) => newService(cast, turn) },
  'services.kill': { input: quiet, ends: notRunning },
  'services.traffic': { input: () => ({}) },

  // Of a team that shares nothing with the first.
  'shared.docs': ofOthers(),
  'shared.tree': ofOthers(),
  'shared.read': ofOthers({ path: 'README.md' }),
  'shared.usage': ofOthers(),
  'shared.ask': ofOthers({ reason: 'to call it' }),
  'shared.fork': ofOthers({ as: 'forked' }),
  'shared.follow': ofOthers({ follow: true }),
  'shared.followed': {},
  'shared.news': {},
  'shared.newsSeen': { unwritten: 'what somebody has read is their own', narrow: 'may' },

  'signIn.requestLink': {
    unwritten: message,
    input: (_own, turn) => ({ email: `e-${turn}@example.com` }),
    ends: ['rate_limited'],
  },
  'signIn.requestReset': {
    unwritten: message,
    input: (_own, turn) => ({ email: `e-${turn}@example.com` }),
    ends: ['rate_limited'],
  },
  'signIn.requestSignUp': {
    unwritten: message,
    input: (_own, turn) => ({ email: `e-${turn}@example.com` }),
    ends: ['forbidden', 'rate_limited'],
  },
  'signIn.readCode': { input: () => ({ code: 'wrong' }), ends: ['not_found'] },
  'signIn.reset': { input: () => ({ code: 'wrong', password: 'a fine password' }), ends: ['not_found'] },
  'signIn.signUp': {
    input: () => ({ code: 'wrong', name: 'X', password: 'a fine password' }),
    ends: ['forbidden', 'not_found'],
  },
  'signIn.confirmAddress': { input: () => ({ code: 'wrong' }), ends: ['not_found'] },
  'signIn.waiting': {},
  'signIn.passkeyOptions': { unwritten: challenge, input: () => ({ host: 'localhost' }), ends: ['rate_limited'] },

  'source.tree': { input: () => tree },
  'source.read': { input: () => ({ ...tree, path: 'README.md' }), ends: ['not_found'] },
  'source.search': { input: () => ({ ...tree, query: 'hello' }) },
  'source.status': {},
  'source.save': {
    unwritten: draft,
    input: (own, turn) => ({ ...quiet(own), path: `f-${turn}`, text: 'a', expected: null }),
  },
  'source.move': { unwritten: draft, input: () => ({ from: 'not-there', to: 'there' }), ends: ['not_found'] },
  'source.remove': { unwritten: draft, input: () => ({ path: 'not-there' }), ends: ['not_found'] },
  'source.revert': { unwritten: draft, input: (own) => ({ ...quiet(own), path: null }) },
  'source.update': { unwritten: draft, input: quiet },
  'source.steps': {},
  'source.mark': { unwritten: draft, input: (own) => ({ ...quiet(own), kind: 'replace' }) },
  'source.restore': { unwritten: draft, input: () => ({ step: 'not-there', paths: null }), ends: ['not_found'] },
  'source.take': {
    unwritten: draft,
    input: () => ({ commit: '1'.repeat(40) }),
    foreign: { commit: (other) => other.commit },
    ends: ['not_found'],
  },
  'source.history': {},
  'source.diff': {
    input: ({ commit }) => ({ from: null, to: commit }),
    foreign: { to: (other) => `${other.commit.slice(0, 39)}${other.commit.endsWith('0') ? '1' : '0'}` },
  },
  'source.drafts': {},

  'teams.list': {},
  'teams.create': { input: (_own, turn) => ({ name: `t-${turn}` }) },
  'teams.rename': { fresh: newTeam, input: (_own, turn) => ({ name: `n-${turn}` }) },
  'teams.delete': { fresh: newTeam },
  'teams.egress': {},
  'teams.setEgress': { fresh: newTeam, input: () => ({ egress: { mode: 'none' } }) },
  'templates.list': {},

  'terminals.list': {},
  'terminals.open': {
    input: ({ instanceId }) => ({ instanceId, size }),
    foreign: { instanceId: (other) => other.instanceId },
  },
  'terminals.close': {
    input: () => ({ terminalId: 'none' }),
    foreign: { terminalId: (other) => other.terminalId },
    ends: ['not_found'],
  },

  'tokens.list': {},
  'tokens.create': {
    input: (_own, turn) => ({ name: `t-${turn}` }),
    foreign: { scope: (other) => ({ services: [other.service] }), environment: (other) => other.child },
    narrow: 'may',
  },
  'tokens.revoke': {
    input: ({ tokenId }) => ({ token: tokenId }),
    foreign: { token: (other) => other.tokenId },
    ends: ['not_found'],
    fresh: async (cast, actor, turn) => ({
      token: (
        await cast
          .as(roleOf(actor) === undefined ? 'owner' : (actor as 'owner'))
          .tokens.create({ team: 'demo', name: `x-${turn}` })
      ).id,
    }),
    narrow: 'may',
  },

  'variables.list': {},
  'variables.names': {},
  'variables.reveal': {},
  'variables.set': { input: (own) => ({ ...quiet(own), name: 'A', value: '1' }) },
  'variables.setAll': { input: (own) => ({ ...quiet(own), variables: [{ name: 'A', value: '1', secret: false }] }) },
  'variables.delete': { input: (own, turn) => ({ ...quiet(own), name: `NONE_${turn}` }), ends: ['not_found'] },
  'variables.reset': {
    input: (own, turn) => ({ ...quiet(own), name: `NONE_${turn}` }),
    ends: ['not_found', 'not_in_this_state'],
  },
  'variables.mark': {
    input: (own, turn) => ({ ...quiet(own), name: `NONE_${turn}`, inheritable: true }),
    ends: ['not_found', 'not_in_this_state'],
  },
}
