import type { Check } from '#contract/checks.ts'
import { isPlatformError } from '#contract/errors.ts'
import { authorized, authorizedPerson, router } from '../trpc.ts'

export const platform = router({
  /** What the first page needs to know before anybody is signed in. */
  welcome: authorized('platform.start').query(async ({ ctx }) => ({
    setupNeeded: await ctx.web.setup.isNeeded(),
    signedIn: ctx.viewer !== undefined,
    url: ctx.web.settings.url,
  })),

  /** Addresses that screens and the command show. */
  about: authorizedPerson('person.read').query(async ({ ctx }) => {
    const { version, engine, gateway, isolation } = await ctx.web.runtime.call('platform.status', {}, ctx.as)
    return { version, engine, url: ctx.web.settings.url, gateway, weaker: isolation.flatMap(({ weaker }) => weaker ?? []) }
  }),

  /** Looked at just now; where the runtime does not answer, that is what is found. */
  health: authorizedPerson('platform.read').query(({ ctx }) => ctx.web.runtime.call('platform.health', {}, ctx.as).then((checks) => [
    { name: 'runtime', state: 'ok' as const, says: 'answers', fix: null }, ...checks,
  ], (error: unknown): Check[] => {
    if (!isPlatformError(error) || error.code !== 'unavailable') throw error
    return [{ name: 'runtime', state: 'bad', says: 'does not answer', fix: 'It is started again within two seconds. If it stays away, its log says why: $M3O_HOME/logs/runtime.log.' }]
  })),

  rotateKey: authorizedPerson('platform.write').mutation(({ ctx }) => ctx.web.runtime.call('platform.rotateKey', {}, ctx.as)),

  status: authorizedPerson('platform.read').query(({ ctx }) => ctx.web.runtime.call('platform.status', {}, ctx.as)),
})
