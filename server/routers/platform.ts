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

  rotateKey: authorizedPerson('platform.write').mutation(({ ctx }) => ctx.web.runtime.call('platform.rotateKey', {}, ctx.as)),

  status: authorizedPerson('platform.read').query(({ ctx }) => ctx.web.runtime.call('platform.status', {}, ctx.as)),
})
