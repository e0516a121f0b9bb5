import type { gatewayApi } from '#contract/gateway-api.ts'
import type { RpcClient } from '#contract/rpc-client.ts'
import type { Handlers } from '#contract/rpc-types.ts'
import type { runtimeApi } from '#contract/runtime-api.ts'
import type { Platform } from '../platform.ts'

type Part = Pick<Handlers<typeof runtimeApi>, 'traces.read'>

export function traceHandlers({ routing }: Platform, gateway: RpcClient<typeof gatewayApi>): Part {
  return {
    'traces.read': async ({ teamId, traceId }) => {
      const hops = await gateway.call('traces.read', { traceId })
      return hops.filter(
        ({ team, environment }) => team.id === teamId || routing.table.environments[environment.id]?.teamId === teamId,
      )
    },
  }
}
