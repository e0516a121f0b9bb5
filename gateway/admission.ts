import { isIP } from 'node:net'
import { PlatformError } from '#contract/errors.ts'
import { header, maxHops } from '#contract/headers.ts'
import { hostLabel } from '#contract/names.ts'
import { secretsRefusal } from '#contract/overlay-secrets.ts'
import { maxDepth } from '#contract/routing.ts'
import type { EnvironmentChoice } from '#contract/traces.ts'
import type { CallRequest } from './call.ts'
import { type EnvironmentClaims, mergeBaggage } from './context/environment-claim.ts'
import { callerHeader } from './identity/caller-header.ts'
import type { HostCookies } from './identity/host-cookie.ts'
import {
  anyone,
  asToldTo,
  belongsTo,
  checkAudience,
  identifyByToken,
  type Identity,
  type Person,
} from './identity/identity.ts'
import type { Limits } from './limits.ts'
import type { Caller, Environment, Service, Team } from './routes/entities.ts'
import type { WrittenHead } from './proxy/request-head.ts'
import type { RouteTable } from './routes/route-table.ts'
import { endpointIn, isPlatformPath, type Target } from './routes/target.ts'
import type { Counter } from './traffic.ts'

/** A request that may go on, and with what. */
export interface Passage {
  service: Service
  /** In which the call runs; what serves it may be inherited. */
  environment: Environment
  /** Of the environment, when the chain of calls began. */
  generation: number
  /** What decided that it is this one. */
  choice: EnvironmentChoice
  path: string
  /** Value of `M3O-Caller`. */
  caller: string | undefined
  /** How its requests are counted. */
  countedAs: string
  /** Of the platform token that it came with. */
  tokenId: string | undefined
  /** The first part of the path, when it could be an endpoint's name. */
  endpoint: string
  baggage: string
  hops: number
  /** By a host of its own, as browsers do; otherwise under /v1. */
  byHost: boolean
  /** Until when (ms) the same request of the same connection passes in the same way, while the table is the same; 0: each is looked at anew. */
  goodUntil: number
  /** How such a request was written for its service. */
  written: WrittenHead | undefined
  /** Where it is counted. */
  counter: Counter | undefined
}

/** A call that may not go on, for a reason that lies in its environment or in the way that it came. */
export interface Refusal extends Pick<Passage, 'service' | 'path' | 'choice' | 'countedAs'> {
  environment: { id: string; name: string }
  refused: PlatformError
}

/** The service is changing hands: who asks is looked at anew when it has. */
export interface Waiting {
  moving: Service
}

/** The service has another name now, at this host label. */
export interface Moved {
  label: string
  path: string
}

export interface Asked {
  request: CallRequest
  target: Extract<Target, { kind: 'host' | 'path' }>
  /** Told by a process of the platform, over the unix socket. */
  trusted: Person | undefined
}

/** How far one came with a call that is refused. */
type Found = Pick<Refusal, 'environment' | 'choice'>

/** An instance calls a service and does not say for which of the calls that it answers: whether that was lost on the way. */
export type JudgeUnclaimed = (caller: Caller, service: Service) => boolean

export interface AdmissionParts {
  claims: EnvironmentClaims
  cookies: HostCookies
  judgeUnclaimed: JudgeUnclaimed
  /** An instance calls a service for one of the calls that it answers, or has answered. */
  judgeCarried: (caller: Caller, service: Service, traceparent: string) => void
  /** Hops of the deepest call that an instance answers. */
  deepestOf: (caller: Caller) => number
  limits: Limits
}

export class Admission {
  private readonly table: RouteTable
  private readonly claims: EnvironmentClaims
  private readonly cookies: HostCookies
  private readonly judgeUnclaimed: JudgeUnclaimed
  private readonly deepestOf: (caller: Caller) => number
  private readonly judgeCarried: AdmissionParts['judgeCarried']
  private readonly limits: Limits

  constructor(table: RouteTable, { claims, cookies, judgeUnclaimed, judgeCarried, deepestOf, limits }: AdmissionParts) {
    this.table = table
    this.claims = claims
    this.cookies = cookies
    this.judgeUnclaimed = judgeUnclaimed
    this.judgeCarried = judgeCarried
    this.deepestOf = deepestOf
    this.limits = limits
  }

  /** Throws a PlatformError for what may not pass and is no hop of a call either: who asks, or what for, is not known. */
  admit({ request, target, trusted }: Asked): Passage | Moved | Refusal | Waiting {
    if (this.table.epoch === '')
      throw new PlatformError('unavailable', 'the platform is starting', { fix: 'Try again in a moment.' })
    if (target.kind === 'path' && isWorkerScript(request))
      throw new PlatformError('forbidden', 'a service worker is registered at the host of its own service only')
    const instance = target.kind === 'path' && target.key !== undefined ? this.instance(target.key, request) : undefined
    const asking = this.identify(request, target, trusted, instance)
    const { team, service, moved } = this.find(request, target, asking, instance)
    const identity = asToldTo(asking, service)
    // Who may not call it anyway is not asked whether it may know them.
    if (identity !== asking && service.audience.kind !== 'anyone') checkAudience(asking, service)
    if (service.moving) return { moving: service }
    const hostEnvironment =
      target.kind === 'host' ? this.table.environmentNamed(team.id, target.environment) : undefined
    if (target.kind === 'host' && (moved || hostEnvironment?.moved)) {
      const environment = hostEnvironment?.thing.name ?? target.environment
      return { label: hostLabel({ service: service.name, environment, team: team.name }), path: target.path }
    }
    const consumer = checkAudience(identity, service)
    const hops = instance === undefined ? 0 : (hopsOf(request) ?? this.deepestOf(instance))
    const countedAs =
      identity.kind === 'service'
        ? `service/${identity.caller.serviceId}`
        : consumer !== undefined
          ? `person/${consumer}`
          : belongsTo(identity, service.teamId)
            ? 'person'
            : 'anyone'
    const found: Found = { environment: { id: '', name: 'an environment that no longer exists' }, choice: 'default' }
    let run: ReturnType<Admission['environment']>
    try {
      run = this.environment({ request, target, trusted }, { identity, service, instance, found })
      if (hops >= maxHops)
        throw new PlatformError('loop', `this call passed through ${maxHops} services: they call each other in a loop`)
      if (service.limit !== undefined && !belongsTo(identity, service.teamId))
        this.limits.take(service, consumer, request.socket.remoteAddress)
    } catch (error) {
      if (!(error instanceof PlatformError)) throw error
      return { service, path: target.path, countedAs, ...found, refused: error }
    }
    const { context, asked, generation, member, choice } = run
    if (isPlatformPath(target.path)) throw new PlatformError('not_found', 'this address does not exist')
    const isLost = choice === 'instance' && instance !== undefined && this.judgeUnclaimed(instance, service)
    if (choice === 'carried' && instance !== undefined)
      this.judgeCarried(instance, service, String(request.headers[header.traceparent]))
    return {
      service,
      environment: asked,
      // Another team's environments have generations of their own.
      generation: asked === context ? generation : this.table.generationOf(asked.id),
      choice: isLost ? 'lost' : asked === context ? choice : 'default',
      path: target.path,
      caller: callerHeader(identity, this.table, service.teamId),
      countedAs,
      tokenId: identity.kind === 'person' ? identity.token?.id : undefined,
      endpoint: endpointIn(target.path),
      baggage: mergeBaggage(
        request.headers[header.baggage] as string | undefined,
        member ?? this.claims.mint(context.id, generation),
      ),
      hops: hops + 1,
      byHost: target.kind === 'host',
      goodUntil:
        instance === undefined && trusted === undefined && service.limit === undefined ? goodUntil(identity) : 0,
      written: undefined,
      counter: undefined,
    }
  }

  /** Whether who was let in would be again: tokens, sessions, roles and audiences change while a socket is open. */
  isLetIn({ request, target, trusted }: Asked): boolean {
    try {
      const identity = this.identify(request, target, trusted, undefined)
      const { service } = this.find(request, target, identity, undefined)
      checkAudience(asToldTo(identity, service), service)
      return true
    } catch (error) {
      if (error instanceof PlatformError) return false
      throw error
    }
  }

  private identify(
    request: CallRequest,
    target: Asked['target'],
    trusted: Person | undefined,
    instance: Caller | undefined,
  ): Identity {
    const byToken = identifyByToken(request, this.table)
    if (byToken !== undefined) return byToken
    if (instance !== undefined) return { kind: 'service', caller: instance }
    if (trusted !== undefined) return trusted
    return (target.kind === 'host' ? this.cookies.identify(request, target.host, this.table) : undefined) ?? anyone
  }

  private instance(key: string, request: CallRequest): Caller {
    const caller = this.table.callerByKey(key)
    // The same answer for both: a key is worth nothing elsewhere, not even the knowledge that it exists.
    if (caller === undefined || plainAddress(request.socket.remoteAddress) !== plainAddress(caller.from)) {
      throw new PlatformError('unauthenticated', 'this gateway address belongs to another instance', {
        fix: 'Use M3O_GATEWAY of the running instance.',
      })
    }
    return caller
  }

  private find(
    request: CallRequest,
    target: Asked['target'],
    identity: Identity,
    instance: Caller | undefined,
  ): { team: Team; service: Service; moved: boolean } {
    const named = target.team ?? (request.headers[header.namespace] as string | undefined)
    const teamId = instance?.teamId ?? (identity.kind === 'person' ? identity.teamIds[0] : undefined)
    let found: { thing: Team; moved: boolean } | undefined
    if (named !== undefined) found = this.table.teamNamed(named)
    else if (teamId !== undefined) {
      const team = this.table.get('teams', teamId)
      found = team && { thing: team, moved: false }
    } else {
      throw new PlatformError('unauthenticated', `the team of ${target.service} is unknown`, {
        fix: `Send a platform token as \`Authorization: Bearer m3o_…\`, or name the team: /v1/@team/${target.service}.`,
      })
    }
    const service = found && this.table.serviceNamed(found.thing.id, target.service)
    if (found === undefined || service === undefined) {
      throw new PlatformError(
        'not_found',
        `service ${target.service} does not exist${named === undefined ? '' : ` in a team ${named}`}`,
        {
          fix: 'List services with `m3o services`.',
        },
      )
    }
    // It may be another team's by now.
    const team = this.table.get('teams', service.thing.teamId) ?? found.thing
    return { team, service: service.thing, moved: found.moved || service.moved }
  }

  /** `context` is the environment of the whole chain of calls; `asked` that of this service's team. */
  private environment(
    { request, target }: Asked,
    {
      identity,
      service,
      instance,
      found,
    }: { identity: Identity; service: Service; instance: Caller | undefined; found: Found },
  ) {
    const claim = this.claims.read(request.headers[header.baggage] as string | undefined)
    let context = this.named(request, target, identity, service)
    let choice = (request.headers[header.environment] === undefined ? 'host' : 'header') as EnvironmentChoice
    let member: string | undefined
    let generation: number | undefined
    if (context === undefined && claim !== undefined) {
      const claimed = this.table.get('environments', claim.environmentId)
      // Between services it is what the call runs in, for better or worse; from outside it is a wish, of those who may have it.
      if (claimed === undefined && identity.kind !== 'anyone') {
        found.choice = 'carried'
        throw gone('the environment of this call no longer exists')
      }
      if (claimed !== undefined && (instance !== undefined || belongsTo(identity, claimed.teamId))) {
        context = claimed
        choice = 'carried'
        member = claim.member
        generation = claim.generation
      }
    }
    const bound = identity.kind === 'person' ? identity.token?.environmentId : undefined
    const fallBack = (to: EnvironmentChoice, environmentId: string) => {
      choice = to
      return this.existing(environmentId)
    }
    if (context === undefined && instance !== undefined) context = fallBack('instance', instance.environmentId)
    if (context === undefined && bound) context = fallBack('token', bound)
    const root = this.table.root(service.teamId)
    if (context === undefined) choice = 'default'
    context ??= root
    const asked = context?.teamId === service.teamId ? context : root
    if (context === undefined || asked === undefined)
      throw new PlatformError('not_found', 'the team of this service has no environment')
    found.environment = asked
    found.choice = asked === context ? choice : 'default'
    if (asked.gone !== null) throw gone(asked.gone, asked.goneBy)
    this.allow(identity, asked, instance, member)
    // What comes with a token as well is the token's call.
    if (instance !== undefined && identity.kind === 'service' && asked.teamId === instance.teamId)
      this.requireOwnReach(instance, asked, generation)
    if (instance !== undefined && asked.parentId !== null && asked.id !== instance.environmentId)
      this.requireNoSecrets(instance, asked)
    return { context, asked, member, choice, generation: generation ?? this.table.generationOf(context.id) }
  }

  /** The environment that the request names itself. */
  private named(
    request: CallRequest,
    target: Asked['target'],
    identity: Identity,
    service: Service,
  ): Environment | undefined {
    const wanted = request.headers[header.environment] as string | undefined
    const name =
      wanted ?? (target.kind === 'host' && target.environment !== 'production' ? target.environment : undefined)
    if (name === undefined) return undefined
    // A name is one of the service's team, or, for a caller of another, one of the caller's own.
    const own =
      identity.kind === 'person'
        ? identity.teamIds[0]
        : identity.kind === 'service'
          ? identity.caller.teamId
          : undefined
    const teamId = wanted === undefined || belongsTo(identity, service.teamId) ? service.teamId : own
    if (teamId === undefined) throw signIn()
    const found = this.table.environmentNamed(teamId, name)?.thing
    if (found === undefined)
      throw new PlatformError('not_found', `environment ${name} does not exist`, {
        fix: 'List environments with `m3o env list`.',
      })
    return found
  }

  private allow(
    identity: Identity,
    environment: Environment,
    instance: Caller | undefined,
    member: string | undefined,
  ): void {
    const scope = identity.kind === 'person' ? identity.token?.scope.environments : undefined
    if (scope !== undefined && !scope.includes(environment.id))
      throw new PlatformError('forbidden', `this token may not call in ${environment.name}`)
    const carried = instance !== undefined && member !== undefined
    if (environment.parentId === null || carried || belongsTo(identity, environment.teamId)) return
    throw identity.kind === 'anyone'
      ? signIn()
      : new PlatformError('forbidden', `the environment ${environment.name} is open to its team only`)
  }

  /**
   * An instance calls in its own environment, or in one that inherits from it, whose calls it may be answering. In any other it would be taken for
   * the service of the same name there. A call that began before its environment was moved to another parent goes on.
   */
  private requireOwnReach(instance: Caller, asked: Environment, generation: number | undefined): void {
    if (this.isWithin(asked.id, instance.environmentId)) return
    const began = generation !== undefined && generation < this.table.generationOf(asked.id)
    if (began && !this.isWithin(instance.environmentId, asked.id)) return
    const [service, from] = [
      this.table.get('services', instance.serviceId)?.name,
      this.table.get('environments', instance.environmentId)?.name,
    ]
    throw new PlatformError(
      'forbidden',
      `${service ?? 'this service'} runs in ${from ?? 'another environment'} and does not call in ${asked.name}`,
      {
        fix: `Omit M3O-Environment to call in ${from ?? 'its own environment'}, or send a token that may call in ${asked.name}.`,
        data: { reason: 'other_environment' },
      },
    )
  }

  /** Whether an environment is that other one, or is based on it. */
  private isWithin(environmentId: string, parentId: string): boolean {
    for (
      let id: string | null = environmentId, depth = 0;
      id !== null && depth < maxDepth;
      id = this.table.get('environments', id)?.parentId ?? null, depth++
    ) {
      if (id === parentId) return true
    }
    return false
  }

  /** What holds secrets of a protected environment calls no override of another one (contract/overlay-secrets.ts). */
  private requireNoSecrets(instance: Caller, asked: Environment): void {
    const keeper = this.table.keeperOfSecretsAt(instance)
    if (keeper === undefined) return
    const name = this.table.get('services', instance.serviceId)?.name ?? instance.serviceId
    throw secretsRefusal(
      name,
      {
        from: this.table.get('environments', instance.environmentId)?.name ?? instance.environmentId,
        keeper: keeper.name,
        here: asked.name,
      },
      'calls',
    )
  }

  private existing(environmentId: string): Environment {
    const environment = this.table.get('environments', environmentId)
    if (environment === undefined) throw gone('the environment of this call no longer exists')
    return environment
  }
}

/** One would stand between the browser and all services that share the origin (https://www.w3.org/TR/service-workers/#service-worker-script-request). */
const isWorkerScript = ({ headers }: CallRequest): boolean =>
  headers['service-worker'] !== undefined || headers['sec-fetch-dest'] === 'serviceworker'

/** A session's end is not known here. */
function goodUntil(identity: Identity): number {
  if (identity.kind === 'anyone') return Infinity
  return identity.kind === 'person' && identity.token !== undefined ? (identity.token.expiresAt ?? Infinity) : 0
}

function gone(why: string, reason: Environment['goneBy'] = 'deleted'): PlatformError {
  return new PlatformError('environment_gone', why, {
    fix: 'Choose another with `m3o env use`, or restore it with `m3o env restore`.',
    data: { reason },
  })
}

function signIn(): PlatformError {
  return new PlatformError('unauthenticated', 'only its team may choose an environment', {
    fix: 'Send a platform token as `Authorization: Bearer m3o_…`.',
  })
}

function hopsOf(request: CallRequest): number | undefined {
  const text = request.headers[header.hops]
  return typeof text === 'string' && /^\d{1,4}$/.test(text) ? Number(text) : undefined
}

function plainAddress(address: string | undefined): string {
  const plain = address?.startsWith('::ffff:') ? address.slice(7) : (address ?? '')
  return isIP(plain) === 0 ? `invalid address: ${plain}` : plain
}
