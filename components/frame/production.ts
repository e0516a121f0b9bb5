import type { Environment } from '#contract/records.ts'

/** What changes production says so on its button: "Deploy" → "Deploy to production". */
export function inEnvironment(verb: string, environment: Pick<Environment, 'name' | 'kind'>, link = 'in'): string {
  return environment.kind === 'production' ? `${verb} ${link} ${environment.name}` : verb
}
