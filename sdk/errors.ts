import { STATUS_CODES } from 'node:http'

/** An error as every call of the platform answers it: the form that the M3O clients know. */
export interface ErrorForm {
  /** Finds the call in the service's logs. */
  id: string
  /** HTTP status. */
  code: number
  /** What happened, for a person. */
  detail: string
  /** The status in words. */
  status: string
}

export function errorForm(id: string, code: number, detail: string): ErrorForm {
  return { id, code, detail, status: STATUS_CODES[code] ?? 'Error' }
}

export function isErrorForm(value: unknown): value is ErrorForm {
  if (typeof value !== 'object' || value === null) return false
  const { code, detail, status } = value as Partial<ErrorForm>
  return typeof code === 'number' && typeof detail === 'string' && typeof status === 'string'
}

/** Thrown by an endpoint to answer with a status of its choice: `throw new ServiceError(404, 'no such post')`. */
export class ServiceError extends Error {
  /** HTTP status, 400 to 599. */
  readonly code: number
  readonly detail: string

  constructor(code: number, detail: string, options?: { cause?: unknown }) {
    super(detail, options)
    this.name = 'ServiceError'
    this.code = Number.isInteger(code) && code >= 400 && code <= 599 ? code : 500
    this.detail = detail
  }
}

/** A call to another service that failed; `code` is the status that it answered with, 503 when it was not reached. */
export class CallError extends Error {
  readonly code: number
  readonly detail: string
  readonly id: string
  /** `{service}/{Endpoint}` that was called. */
  readonly target: string

  constructor(target: string, form: ErrorForm, options?: { cause?: unknown }) {
    super(`call to ${target} failed: ${form.detail} (${form.code})`, options)
    this.name = 'CallError'
    this.code = form.code
    this.detail = form.detail
    this.id = form.id
    this.target = target
  }
}

/** Statuses that mean the same to every caller up the chain: environment gone, loop, overload, too slow. */
const passedOn = new Set([410, 503, 504, 508])

/** The status and words that a thrown thing is answered with. A stranger's message is not shown: it goes to the log. */
export function answerOf(error: unknown): { code: number; detail: string; logged: boolean } {
  if (error instanceof ServiceError) return { code: error.code, detail: error.detail, logged: error.code >= 500 }
  if (error instanceof CallError) {
    const code = passedOn.has(error.code) ? error.code : error.code >= 500 ? 502 : 500
    return { code, detail: error.message, logged: true }
  }
  return { code: 500, detail: 'the service failed; see its log for the cause', logged: true }
}
