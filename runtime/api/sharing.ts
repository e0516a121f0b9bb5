import type { Handlers } from '#contract/rpc-types.ts'
import type { runtimeApi } from '#contract/runtime-api.ts'
import type { Platform } from '../platform.ts'
import { askToCall, decide, limitConsumer, listConsumers, pendingAsks, readConsumer } from '../sharing/consumers.ts'
import { sharedDocs, sharedFile, sharedTree } from '../sharing/docs.ts'
import { follow, listFollows, unfollow } from '../sharing/follows.ts'
import { listNews, markSeen } from '../sharing/news.ts'
import type { Traffic } from '../traffic/traffic.ts'

type Part = Pick<
  Handlers<typeof runtimeApi>,
  Extract<keyof typeof runtimeApi, `shared.${string}` | `consumers.${string}` | `follows.${string}` | `news.${string}`>
>

const ok = { ok: true } as const

export function sharingHandlers(platform: Platform, traffic: Traffic): Part {
  return {
    'shared.docs': ({ teamId, name }) => sharedDocs(platform, teamId, name),
    'shared.tree': ({ teamId, name }) => sharedTree(platform, teamId, name),
    'shared.read': ({ teamId, name, path }) => sharedFile(platform, teamId, name, path),
    // What was counted up to now is to be seen now.
    'shared.usage': async ({ teamId, name, days }) => (
      await traffic.save(),
      readConsumer(platform, teamId, name, days)
    ),
    'shared.ask': async (input, { actor }) => (await askToCall(platform, actor, input), ok),
    'consumers.list': async ({ serviceId, days }) => (await traffic.save(), listConsumers(platform, serviceId, days)),
    'consumers.decide': async (input, { actor }) => (await decide(platform, actor, input), ok),
    'consumers.limit': async (input, { actor }) => (await limitConsumer(platform, actor, input), ok),
    'consumers.asks': ({ teamId }) => pendingAsks(platform, teamId),
    'follows.list': (who) => listFollows(platform, who),
    'follows.set': async ({ follow: wanted, ...input }) => (
      await (wanted ? follow(platform, input) : unfollow(platform, input)),
      ok
    ),
    'news.list': async (who) => (await traffic.save(), listNews(platform, who)),
    'news.seen': async ({ userId }) => (await markSeen(platform, userId), ok),
  }
}
