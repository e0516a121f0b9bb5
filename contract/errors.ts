/**
 * Every error that crosses a boundary of the platform, with the HTTP status that it has at every edge.
 * A code is a promise to programs; the message and the fix are for people.
 */
export const errorStatus = {
  bad_request: 400,
  invalid_name: 400,
  invalid_manifest: 400,
  invalid_path: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  timeout: 408,
  conflict: 409,
  name_taken: 409,
  not_in_this_state: 409,
  environment_gone: 410,
  too_large: 413,
  build_failed: 422,
  start_failed: 422,
  check_failed: 422,
  cancelled: 409,
  superseded: 409,
  rate_limited: 429,
  internal: 500,
  bad_gateway: 502,
  unavailable: 503,
  gateway_timeout: 504,
  disk_full: 507,
  loop: 508,
} as const satisfies Record<string, number>

export type ErrorCode = keyof typeof errorStatus

/** The code that says most nearly what an HTTP status says. */
export function codeOfStatus(status: number): ErrorCode {
  const known = Object.entries(errorStatus).find(([, own]) => own === status)
  return (known?.[0] as ErrorCode | undefined) ?? (status < 500 ? 'bad_request' : 'bad_gateway')
}

export interface ErrorDetails {
  /** What the person can do about it, one sentence. */
  fix?: string
  /** Field of the input that is at fault, for forms: `name`, `variables.0.value`. */
  field?: string
  /** Anything that a program may want; must be JSON and must hold no secret. */
  data?: Record<string, unknown>
}

/** What an error looks like as JSON, at each edge. */
export interface ErrorBody extends ErrorDetails {
  code: ErrorCode
  message: string
}

/** The one error that people and programs see. Anything else thrown is a defect and is shown as `internal`. */
export class PlatformError extends Error {
  readonly code: ErrorCode
  readonly fix: string | undefined
  readonly field: string | undefined
  readonly data: Record<string, unknown> | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'PlatformError'
    this.code = code
    this.fix = details.fix
    this.field = details.field
    this.data = details.data
  }

  get status(): number {
    return errorStatus[this.code]
  }

  toJSON(): ErrorBody {
    return {
      code: this.code,
      message: this.message,
      ...(this.fix !== undefined && { fix: this.fix }),
      ...(this.field !== undefined && { field: this.field }),
      ...(this.data !== undefined && { data: this.data }),
    }
  }
}

/** True also across module instances (Next bundles its own copy), so it looks at the shape, not the class. */
export function isPlatformError(error: unknown): error is PlatformError {
  return (
    error instanceof Error && error.name === 'PlatformError' && 'code' in error && String(error.code) in errorStatus
  )
}

/** Rebuilds an error that arrived as JSON; an unknown code becomes `internal`. */
export function errorFromBody(body: unknown): PlatformError {
  const { code, message, fix, field, data } = (body ?? {}) as Partial<ErrorBody>
  const known = code !== undefined && code in errorStatus ? code : 'internal'
  return new PlatformError(known, message ?? 'the platform returned an unknown error', {
    ...(fix !== undefined && { fix }),
    ...(field !== undefined && { field }),
    ...(data !== undefined && { data }),
  })
}
