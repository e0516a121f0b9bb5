import { initTRPC, TRPCError, type TRPC_ERROR_CODE_KEY } from '@trpc/server'
import { z } from 'zod'
import { type ErrorBody, type ErrorCode, errorFromBody, isPlatformError, PlatformError } from '#contract/errors.ts'
import { newId } from '#contract/ids.ts'
import { refuseNul } from '#contract/no-nul.ts'
import { outageOf } from '#contract/outage.ts'
import { actions } from '#contract/permissions.ts'
import type { Actor } from '#contract/rpc.ts'
import {
  type AtEnvironment,
  type AtService,
  type AtServiceHere,
  type AtTeam,
  authorize,
  type AuthorizeOptions,
  authorizePersonal,
  type PersonalAction,
  signedIn,
  type TeamAction,
} from './authorize.ts'
import type { InputSize } from './input-sizes.ts'
import type { Viewer, Web } from './web.ts'

/*
 * The only file that knows TRPCError. A procedure is made by naming its action here, and there is no other way to make
 * one: authentication, names to ids, the permission table and the translation of errors come with it.
 */

export interface Context {
  web: Web
  viewer: Viewer | undefined
  /** Address and program of whoever asks. */
  from: string
  /** The browser's cookies: whose sign-in waits is in one. */
  cookie?: string | undefined
  userAgent: string
  signal: AbortSignal | undefined
}

/** Told of each procedure: what it needs and where; tests enumerate it. */
export interface Meta {
  action: PersonalAction | TeamAction
  place: 'person' | 'team' | 'environment' | 'service' | 'service here'
  size: InputSize
}

const trpcCode = {
  bad_request: 'BAD_REQUEST',
  invalid_name: 'BAD_REQUEST',
  invalid_manifest: 'BAD_REQUEST',
  invalid_path: 'BAD_REQUEST',
  unauthenticated: 'UNAUTHORIZED',
  forbidden: 'FORBIDDEN',
  not_found: 'NOT_FOUND',
  method_not_allowed: 'METHOD_NOT_SUPPORTED',
  timeout: 'TIMEOUT',
  conflict: 'CONFLICT',
  name_taken: 'CONFLICT',
  not_in_this_state: 'CONFLICT',
  environment_gone: 'NOT_FOUND',
  too_large: 'PAYLOAD_TOO_LARGE',
  build_failed: 'UNPROCESSABLE_CONTENT',
  start_failed: 'UNPROCESSABLE_CONTENT',
  check_failed: 'UNPROCESSABLE_CONTENT',
  cancelled: 'CONFLICT',
  superseded: 'CONFLICT',
  rate_limited: 'TOO_MANY_REQUESTS',
  internal: 'INTERNAL_SERVER_ERROR',
  bad_gateway: 'BAD_GATEWAY',
  unavailable: 'SERVICE_UNAVAILABLE',
  gateway_timeout: 'GATEWAY_TIMEOUT',
  disk_full: 'INTERNAL_SERVER_ERROR',
  loop: 'INTERNAL_SERVER_ERROR',
} as const satisfies Record<ErrorCode, TRPC_ERROR_CODE_KEY>

const t = initTRPC
  .context<Context>()
  .meta<Meta>()
  .create({
    isDev: false,
    errorFormatter({ shape, error }) {
      const { stack: _stack, ...data } = shape.data
      const m3o = bodyOf(error)
      return { ...shape, message: m3o.message, data: { ...data, m3o } }
    },
  })

export const router = t.router
export const createCaller = t.createCallerFactory

/** What somebody who looks for a way in leaves behind. */
const refusals: ReadonlySet<ErrorCode> = new Set(['unauthenticated', 'forbidden', 'rate_limited'])

const translated = t.procedure.use(async ({ ctx, next, path, getRawInput }) => {
  try {
    // One that cannot be read is refused by who reads it; what takes no input has none.
    refuseNul(await getRawInput().catch(() => undefined))
  } catch (error) {
    throw isPlatformError(error) ? translate(error) : error
  }
  const result = await ctx.web.pulse.during(next).catch((error: unknown) => {
    throw isPlatformError(error) ? translate(error) : error
  })
  if (result.ok) return result
  const cause = result.error.cause
  if (isPlatformError(cause)) {
    if (refusals.has(cause.code))
      ctx.web.log.info(
        {
          procedure: path,
          code: cause.code,
          person: ctx.viewer?.person.id,
          token: ctx.viewer?.token?.tokenId,
          from: ctx.from,
        },
        'a request was refused',
      )
    throw translate(cause)
  }
  if (result.error.code !== 'INTERNAL_SERVER_ERROR') throw result.error
  const outage = outageOf(cause)
  if (outage !== undefined) {
    ctx.web.log.warn({ err: cause, procedure: path }, outage.message)
    throw translate(outage)
  }
  const operation = newId('operation')
  ctx.web.log.error(
    { err: cause ?? result.error, operation, procedure: path, person: ctx.viewer?.person.id },
    'a procedure failed unexpectedly',
  )
  throw translate(
    new PlatformError(
      'internal',
      `something went wrong inside the platform (${operation})`,
      {
        fix: 'Try again. If the error remains, give this id to the operator.',
        data: { operation },
      },
      { cause },
    ),
  )
})

export const translate = (error: PlatformError) =>
  new TRPCError({ code: trpcCode[error.code], message: error.message, cause: error })

const name = z.string().min(1).max(64)
const inTeamNames = z.object({ team: name })
const inEnvironmentNames = inTeamNames.extend({ environment: name })
const ofServiceNames = inTeamNames.extend({ service: name })
const ofServiceHereNames = inEnvironmentNames.extend({ service: name })

interface ProcedureOptions extends AuthorizeOptions {
  /** How large its input may be. */
  size?: InputSize
}

/** For what belongs to no team; `ctx.viewer` may be undefined only where the table says `nobody`. */
export const authorized = (action: PersonalAction) =>
  translated
    .meta({ action, place: 'person', size: actions[action] === 'nobody' ? 'public' : 'usual' })
    .use(({ ctx, next }) => {
      authorizePersonal(ctx.viewer, action)
      return next()
    })

/** Also signed in: for a person's own things. */
export const authorizedPerson = (action: PersonalAction) =>
  authorized(action).use(({ ctx, next }) => {
    const viewer = signedIn(ctx.viewer)
    return next({ ctx: { viewer, as: asOf(viewer, ctx) } })
  })

/** Input carries `{team}`; gives `ctx.at`. */
export const authorizedTeam = (action: TeamAction, options?: ProcedureOptions) =>
  translated
    .meta({ action, place: 'team', size: options?.size ?? 'usual' })
    .input(inTeamNames)
    .use(async ({ ctx, input, next }) => next({ ctx: await standing<AtTeam>(ctx, action, input, options) }))

/** Input carries `{team, environment}`. */
export const authorizedEnvironment = (action: TeamAction, options?: ProcedureOptions) =>
  translated
    .meta({ action, place: 'environment', size: options?.size ?? 'usual' })
    .input(inEnvironmentNames)
    .use(async ({ ctx, input, next }) => next({ ctx: await standing<AtEnvironment>(ctx, action, input, options) }))

/** Input carries `{team, service}`: the service wherever it runs. */
export const authorizedService = (action: TeamAction, options?: ProcedureOptions) =>
  translated
    .meta({ action, place: 'service', size: options?.size ?? 'usual' })
    .input(ofServiceNames)
    .use(async ({ ctx, input, next }) => next({ ctx: await standing<AtService>(ctx, action, input, options) }))

/** Input carries `{team, environment, service}`: the service in one environment. */
export const authorizedServiceHere = (action: TeamAction, options?: ProcedureOptions) =>
  translated
    .meta({ action, place: 'service here', size: options?.size ?? 'usual' })
    .input(ofServiceHereNames)
    .use(async ({ ctx, input, next }) => next({ ctx: await standing<AtServiceHere>(ctx, action, input, options) }))

async function standing<A extends AtTeam>(
  ctx: Context,
  action: TeamAction,
  names: { team: string; environment?: string; service?: string },
  options?: AuthorizeOptions,
) {
  const viewer = signedIn(ctx.viewer)
  const at: AtTeam = await authorize(ctx.web, viewer, action, names, options)
  return {
    viewer,
    at: at as A,
    as: asOf(viewer, ctx),
  }
}

/** Options of a call to the runtime on the viewer's behalf. */
const asOf = (viewer: Viewer, ctx: Context): { actor: Actor; signal?: AbortSignal } => ({
  actor: { ...viewer.actor, from: ctx.from },
})

/** What people are told of any failure of a procedure; nothing else leaves the process. */
export function bodyOf(error: TRPCError): ErrorBody {
  const cause = error.cause
  if (isPlatformError(cause)) return errorFromBody(cause).toJSON()
  if (cause instanceof z.core.$ZodError) {
    const [issue] = cause.issues
    const field = issue?.path.join('.')
    return {
      code: 'bad_request',
      message: `${field ? `${field}: ` : ''}${issue?.message ?? 'the input is invalid'}`,
      ...(field && { field }),
    }
  }
  if (error.code === 'NOT_FOUND') return { code: 'not_found', message: 'this procedure does not exist' }
  if (error.code === 'METHOD_NOT_SUPPORTED') return { code: 'method_not_allowed', message: error.message }
  if (error.code === 'PAYLOAD_TOO_LARGE') return { code: 'too_large', message: 'the request is too large' }
  if (error.code === 'PARSE_ERROR' || error.code === 'BAD_REQUEST' || error.code === 'UNSUPPORTED_MEDIA_TYPE')
    return { code: 'bad_request', message: 'the request could not be read' }
  return { code: 'internal', message: 'something went wrong inside the platform' }
}
