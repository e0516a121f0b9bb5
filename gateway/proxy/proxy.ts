import { isPlatformError, PlatformError } from '#contract/errors.ts'
import { secretsRefusal } from '#contract/overlay-secrets.ts'
import type { Passage } from '../admission.ts'
import { refuse } from '../answer/refusal.ts'
import type { HostCookies } from '../identity/host-cookie.ts'
import type { OpenCalls } from '../open-calls.ts'
import type { Environment, Release } from '../routes/entities.ts'
import type { RouteTable } from '../routes/route-table.ts'
import type { Traces } from '../traces.ts'
import type { Traffic } from '../traffic.ts'
import type { Pools } from '../upstream/pools.ts'
import type { Waker } from '../wake.ts'
import type { Exchange } from './exchange.ts'

/** How long a call waits for the table to name an instance: one that crashed, or may not overlap its successor. */
const noInstanceMs = 3000
const againMs = 100

export interface Route {
  release: Release
  environment: Environment
}

export interface ProxyParts {
  table: RouteTable
  pools: Pools
  waker: Waker
  traffic: Traffic
  traces: Traces
  open: OpenCalls
  cookies: HostCookies
  scheme: string
  console: string
  log: (error: Error, about: string) => void
}

/** Brings a request that may pass to what serves it now. */
export class Proxy {
  readonly pools: Pools
  readonly traffic: Traffic
  readonly traces: Traces
  readonly open: OpenCalls
  readonly cookies: HostCookies
  readonly scheme: string
  private readonly parts: ProxyParts

  constructor(parts: ProxyParts) {
    this.parts = parts
    this.pools = parts.pools
    this.traffic = parts.traffic
    this.traces = parts.traces
    this.open = parts.open
    this.cookies = parts.cookies
    this.scheme = parts.scheme
  }

  send(exchange: Exchange): void {
    const { passage } = exchange
    try {
      // Only at first: where that no longer answers, what serves now does.
      const route = this.route(passage, exchange.pastLaptop, passage.generation)
      if (route.release.instances.length > 0 && route.release.state === 'live')
        return exchange.start(route.release, route.environment)
    } catch (error) {
      return exchange.giveUp(error)
    }
    this.waitForRoute(passage, exchange.pastLaptop).then(
      ({ release, environment }) => exchange.start(release, environment),
      (error: unknown) => exchange.giveUp(error),
    )
  }

  /** The route after the next change, or after a moment. */
  async nextRoute({ passage, pastLaptop }: Exchange): Promise<Route> {
    await this.changed(againMs)
    return this.waitForRoute(passage, pastLaptop)
  }

  /** Waits until an instance serves: for a sleeping service to wake, for a swap to happen. */
  private async waitForRoute(passage: Passage, pastLaptop: boolean): Promise<Route> {
    const deadline = performance.now() + noInstanceMs
    for (;;) {
      const route = this.route(passage, pastLaptop)
      if (route.release.state === 'asleep') {
        await this.parts.waker.wake(route.release)
        continue
      }
      if (route.release.instances.length > 0) return route
      if (!(await this.changed(deadline - performance.now()))) {
        throw new PlatformError('unavailable', `no instance of ${passage.service.name} accepts calls right now`, {
          fix: 'Try again in a moment, or check its logs.',
        })
      }
    }
  }

  refuse(exchange: Exchange, error: unknown, cause?: Error): void {
    const { request, response, trace, passage } = exchange
    const away = isPlatformError(error) && error.code === 'unavailable'
    if (cause !== undefined) this.parts.log(cause, passage.service.name)
    refuse(request, response, error, {
      traceparent: trace.traceparent,
      console: this.parts.console,
      ...(away && { retryAfter: 1 }),
    })
  }

  private route({ service, environment }: Passage, pastLaptop: boolean, generation = Infinity): Route {
    const { table } = this.parts
    const found = pastLaptop
      ? table.resolveBeneath(environment.id, service.id)
      : table.resolveAt(environment.id, service.id, generation)
    if (found.kind === 'gone')
      throw new PlatformError('environment_gone', found.why, { fix: 'Choose another with `m3o env use`.' })
    if (found.kind === 'none' && pastLaptop) {
      throw new PlatformError(
        'unavailable',
        `the laptop that runs ${service.name} does not respond, and no revision is deployed`,
        { fix: 'Try again in a moment, or deploy it with `m3o deploy`.' },
      )
    }
    if (found.kind === 'none') {
      throw new PlatformError('not_found', `${service.name} was never deployed in ${environment.name} or its parents`, {
        fix: 'Deploy it with `m3o deploy`.',
      })
    }
    const { release } = found
    this.requireServed(release, { service, environment, from: found.environment })
    if (release.state === 'stopped')
      throw new PlatformError('unavailable', release.reason ?? `${service.name} was stopped`, {
        fix: 'Deploy or restart it.',
      })
    if (release.state === 'failed') {
      throw new PlatformError('unavailable', release.reason ?? `${service.name} keeps crashing`, {
        fix: 'Check `m3o logs` for the cause, then deploy or restart it.',
      })
    }
    return found
  }

  /** An inherited instance that holds secrets of a protected environment does not serve an overlay (contract/overlay-secrets.ts). */
  private requireServed(
    release: Release,
    { service, environment, from }: { service: Passage['service']; environment: Environment; from: Environment },
  ): void {
    if (release.secretsOf === undefined || from.id === environment.id) return
    const keeper = this.parts.table.keeperOf(release)
    if (keeper !== undefined)
      throw secretsRefusal(service.name, { from: from.name, keeper: keeper.name, here: environment.name }, 'serves')
  }

  /** A socket, or an answer that goes on, is one that it would not begin any more. */
  isBarred({ passage, release, environment }: Exchange): boolean {
    if (release === undefined || environment === undefined || environment.id === passage.environment.id) return false
    const { table } = this.parts
    const now =
      release.laptop === undefined
        ? table.get('releases', `${environment.id}/${passage.service.id}`)
        : table.get('laptops', `${environment.id}/${passage.service.id}`)
    return table.keeperOf(release) !== undefined || table.keeperOf(now ?? {}) !== undefined
  }

  private changed(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      if (ms <= 0) return resolve(false)
      const timer = setTimeout(() => {
        stop()
        resolve(false)
      }, ms)
      const stop = this.parts.table.onChange(() => {
        clearTimeout(timer)
        stop()
        resolve(true)
      })
    })
  }
}
