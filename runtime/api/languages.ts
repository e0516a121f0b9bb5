import type { Handlers } from '#contract/rpc-types.ts'
import type { runtimeApi } from '#contract/runtime-api.ts'
import { trustOfDraft } from '../builds/trust.ts'
import { branchOf, environmentChain } from '../environments/environments.ts'
import { Languages } from '../languages/languages.ts'
import type { Platform } from '../platform.ts'
import { findService } from '../services/views.ts'

type Part = Pick<Handlers<typeof runtimeApi>, Extract<keyof typeof runtimeApi, `languages.${string}`>>

export function openLanguages(platform: Platform): Languages {
  const { settings, source, events, log, db, builds, engine } = platform
  return new Languages({
    home: settings.home,
    source,
    events,
    log,
    install: (plan, at) => builds.install(plan, at),
    helper: (teamId, limits) => engine.helper(teamId, limits),
    look: async ({ serviceId, environmentId, userId }) => {
      const [{ teamId }, chain] = await Promise.all([
        findService(platform, serviceId),
        environmentChain(db, environmentId),
      ])
      const { tree } = await source.drafts.open({
        serviceId,
        userId,
        environment: environmentId,
        branches: chain.map(branchOf),
      })
      return { tree, teamId, trust: trustOfDraft(chain) }
    },
  })
}

export function languageHandlers(languages: Languages): Part {
  return {
    'languages.open': (draft, at) => languages.serve(draft, () => at.socket),
  }
}
