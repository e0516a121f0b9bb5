import { z } from 'zod'
import { isInScope } from '../authorize.ts'
import { callService } from '../calls/call-service.ts'
import { streamCall } from '../calls/stream-call.ts'
import { authorizedEnvironment, authorizedTeam, router } from '../trpc.ts'

const request = z.object({
  service: z.string().min(1).max(64),
  /** `/Hello`, or `/any/path?query`. */
  path: z
    .string()
    .max(8_192)
    .regex(/^\/[^\s]*$/, 'a path begins with / and has no spaces'),
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']).default('POST'),
  headers: z
    .array(
      z.tuple([
        z.string().regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,200}$/),
        z
          .string()
          .max(16_384)
          .regex(/^[^\r\n\0]*$/),
      ]),
    )
    .max(100)
    .default([]),
  body: z
    .string()
    .max(10 << 20)
    .nullable()
    .default(null),
  /** The body is base64 of bytes. */
  binary: z.boolean().default(false),
  timeoutMs: z.number().int().min(100).max(120_000).default(60_000),
})

export const calls = router({
  /**
   * Sends a request to a service through the gateway, as oneself. `service` may be another team's (`@team/name`).
   * The answer is what the service answered, errors too; only a request that did not get there fails.
   */
  send: authorizedEnvironment('service.call', { listing: true, size: 'large' })
    .input(request)
    .mutation(({ ctx, input }) =>
      callService(ctx.web, ctx.viewer, { ...input, at: ctx.at, from: ctx.from, signal: ctx.signal }),
    ),

  /** The same for an endpoint that answers many times: each message as it comes. Ends with the request. */
  stream: authorizedEnvironment('service.call', { listing: true, size: 'large' })
    .input(request)
    .mutation(({ ctx, input }) =>
      streamCall(ctx.web, ctx.viewer, { ...input, at: ctx.at, from: ctx.from, signal: ctx.signal }),
    ),

  /** Which services a call passed through, in which environment each was asked, and whose copy answered. Oldest first. */
  trace: authorizedTeam('log.read', { listing: true })
    .input(z.object({ traceId: z.string().regex(/^[0-9a-f]{32}$/, 'a trace id has 32 hexadecimal digits') }))
    .query(async ({ ctx, input }) => {
      const hops = await ctx.web.runtime.call('traces.read', { teamId: ctx.at.teamId, traceId: input.traceId }, ctx.as)
      return hops.filter((hop) =>
        isInScope(ctx.viewer, { serviceId: hop.service.id, environmentId: hop.environment.id }),
      )
    }),
})
