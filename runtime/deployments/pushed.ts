import { and, eq, isNull } from 'drizzle-orm'
import { isPlatformError, PlatformError } from '#contract/errors.ts'
import type { Actor } from '#contract/rpc.ts'
import { environments, type services } from '#db/schema.ts'
import { branchOf } from '../environments/environments.ts'
import { Previews } from '../environments/preview.ts'
import type { Platform } from '../platform.ts'
import { serviceUrl } from '../services/views.ts'
import type { RefUpdate } from '../source/serve-git.ts'
import type { Deployments } from './deployments.ts'

type ServiceRow = typeof services.$inferSelect

/** Who has pushed, and what they may do besides. */
export interface Pusher {
  actor: Actor
  may: { deploy: boolean; createEnvironment: boolean; deleteEnvironment: boolean }
  /** URL of the console. */
  console: string
}

/**
 * What a push brings about: a branch that an environment is bound to is deployed there, one below `preview/` has an
 * environment of its own for as long as it is there. Gives what the pusher is told, and never fails: the push has been taken.
 */
export class Pushes {
  readonly #platform: Platform
  readonly #deployments: Deployments
  readonly #previews: Previews

  constructor(platform: Platform, deployments: Deployments, previews: Previews) {
    this.#platform = platform
    this.#deployments = deployments
    this.#previews = previews
  }

  async taken(pusher: Pusher, service: ServiceRow, refs: readonly RefUpdate[]): Promise<string[]> {
    const lines: string[] = []
    for (const { ref, new: commit } of refs) {
      if (!ref.startsWith('refs/heads/')) continue
      const branch = ref.slice('refs/heads/'.length)
      try {
        lines.push(
          ...(Previews.is(branch)
            ? await this.#preview(pusher, service, branch, commit)
            : await this.#bound(pusher, service, branch, commit)),
        )
      } catch (error) {
        if (!isPlatformError(error))
          this.#platform.log.error({ err: error, service: service.id, branch }, 'what a push should bring about failed')
        lines.push(
          `${branch} was pushed, but not deployed: ${isPlatformError(error) ? `${error.message}. ${error.fix ?? ''}` : 'something went wrong inside the platform'}`,
        )
      }
    }
    return lines.length === 0 ? [] : ['', ...lines, '']
  }

  async #bound(pusher: Pusher, service: ServiceRow, branch: string, commit: string | null): Promise<string[]> {
    if (commit === null || !pusher.may.deploy) return []
    const all = await this.#platform.db
      .select()
      .from(environments)
      .where(and(eq(environments.teamId, service.teamId), isNull(environments.deletedAt)))
    const environment = all.find((one) => branchOf(one) === branch)
    return environment === undefined ? [] : this.#deploy(pusher, service, environment, commit)
  }

  async #preview(pusher: Pusher, service: ServiceRow, branch: string, commit: string | null): Promise<string[]> {
    const { actor, may } = pusher
    if (commit === null) {
      if (!may.deleteEnvironment) return [`You may not delete environments: the preview of ${branch} stays.`]
      const gone = await this.#previews.branchDeleted(
        actor,
        { teamId: service.teamId, serviceId: service.id, service: service.name },
        branch,
      )
      if (gone === undefined) return []
      return [
        gone.others.length === 0
          ? `Deleted the preview ${gone.name}. To restore it within a day: m3o env restore ${gone.name}`
          : `${service.name} is out of the preview ${gone.name}, which ${gone.others.join(', ')} still ${gone.others.length === 1 ? 'has' : 'have'}.`,
      ]
    }
    if (!may.deploy || !may.createEnvironment)
      throw new PlatformError('forbidden', 'you may not create environments and deploy', {
        fix: 'Ask an admin of the team for the role developer.',
      })
    const preview = await this.#previews.of(actor, service.teamId, branch)
    const first = {
      now: `Created the preview ${preview.name} of production.`,
      again: `Restored the preview ${preview.name}.`,
      before: undefined,
    }[preview.made]
    return [...(first === undefined ? [] : [first]), ...(await this.#deploy(pusher, service, preview, commit))]
  }

  async #deploy(
    { actor, console }: Pusher,
    service: ServiceRow,
    environment: { id: string; name: string },
    commit: string,
  ): Promise<string[]> {
    const { message } = await this.#platform.source.history.commit({ serviceId: service.id, commit })
    const { id } = await this.#deployments.deploy(
      actor,
      { serviceId: service.id, environmentId: environment.id },
      commit,
      message,
      'git',
    )
    const team = this.#platform.routing.table.teams[service.teamId]?.name ?? ''
    return [
      `Deploying ${service.name} ${commit.slice(0, 7)} to ${environment.name}:`,
      `  ${serviceUrl(this.#platform, { service: service.name, environment: environment.name, team })}`,
      `  ${console}/${team}/${environment.name}/services/${service.name}/deployments/${id}`,
    ]
  }
}
