import type { Endpoint } from './endpoint.ts'
import { ServiceError, answerOf } from './errors.ts'
import { validate } from './schema.ts'

/** The validated request, or ServiceError 400 naming what does not fit. */
export async function ask(endpoint: Endpoint, body: unknown): Promise<unknown> {
  const result = await validate(endpoint.request, body)
  if ('issues' in result) throw new ServiceError(400, result.issues)
  return result.value
}

/** The validated answer; one that breaks the service's own promise is a defect, and is told to the log, not the caller. */
export async function promised(endpoint: Endpoint, name: string, result: unknown): Promise<unknown> {
  const checked = await validate(endpoint.response, result)
  if ('issues' in checked)
    throw new Error(`the response of ${name} does not match its own response schema: ${checked.issues}`)
  return checked.value
}

/** Logs what is a defect of the service, and says what to answer. */
export function report(id: string, name: string, error: unknown): { code: number; detail: string } {
  const { code, detail, logged } = answerOf(error)
  if (logged) console.error(`${name} failed (call ${id}):`, error)
  return { code, detail }
}
