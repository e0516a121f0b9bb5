import type { Handlers } from '#contract/rpc-types.ts'
import type { runtimeApi } from '#contract/runtime-api.ts'
import { serveHold } from '../laptops/serve.ts'
import type { Platform } from '../platform.ts'

type Part = Pick<Handlers<typeof runtimeApi>, Extract<keyof typeof runtimeApi, `laptops.${string}`>>

export function laptopHandlers({ laptops }: Pick<Platform, 'laptops'>): Part {
  return {
    'laptops.hold': async (input, at) => {
      const hold = await laptops.take(input, at.actor)
      if (at.signal.aborted) return hold.end('the connection was lost')
      await serveHold(at.socket, hold)
    },
    'laptops.output': async ({ instance, stream }, at) => {
      const hold = laptops.held(instance)
      await hold.output(stream, at.socket)
      at.socket.end()
    },
  }
}
