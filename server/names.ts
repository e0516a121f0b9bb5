import { PlatformError } from '#contract/errors.ts'
import { environmentName, type Named, serviceName, suggestName, teamName } from '#contract/names.ts'

const schemas = { service: serviceName, environment: environmentName, team: teamName }

/** @throws PlatformError `invalid_name`, at the field `name`, with the nearest name that would do. */
export function validName(kind: Named, value: string): string {
  const parsed = schemas[kind].safeParse(value)
  if (parsed.success) return parsed.data
  const suggestion = suggestName(value, kind)
  throw new PlatformError('invalid_name', parsed.error.issues[0]?.message ?? `invalid ${kind} name`, {
    field: 'name',
    ...(suggestion !== undefined && { fix: `Try ${suggestion}.`, data: { suggestion } }),
  })
}
