import { z } from 'zod'

/** What decided in which environment a call runs, strongest first. */
export const environmentChoices = {
  header: 'chosen by its M3O-Environment header',
  host: 'chosen by its host',
  carried: 'same as the call before it',
  instance: "the caller's environment: the call named none",
  lost: "the caller's environment: the call before it is unknown",
  token: "its token's environment",
  default: 'the default environment',
} as const
export type EnvironmentChoice = keyof typeof environmentChoices

const named = z.object({ id: z.string(), name: z.string() })

/** One call of a trace, as the gateway carried it. Times are milliseconds. */
export const hop = z.object({
  /** Of the span, and of the one that it was made within; null for the first, or one from outside. */
  span: z.string(),
  parent: z.string().nullable(),
  team: named,
  service: named,
  /** `person`, `anyone`, or the name of the service that called. */
  caller: z.string(),
  method: z.string(),
  /** Without its query. */
  path: z.string(),
  /** In which the call runs, and what decided so. */
  environment: named,
  choice: z.enum(Object.keys(environmentChoices) as [EnvironmentChoice, ...EnvironmentChoice[]]),
  /** Whose copy answered, and at which revision; null when none did. */
  servedBy: named.nullable(),
  revision: z.string().nullable(),
  status: z.number(),
  /** Why the gateway let it go no further; null for what a service answered. */
  refusal: z.string().nullable(),
  at: z.number(),
  /** Until its answer began. */
  ms: z.number(),
})
export type Hop = z.infer<typeof hop>

/** Each call after the one that it was made within, and how deep it lies; what has lost its caller stands at the left. */
export function nested(hops: readonly Hop[]): { hop: Hop; depth: number }[] {
  const spans = new Set(hops.map(({ span }) => span))
  const within = Map.groupBy(hops, ({ parent }) => (parent !== null && spans.has(parent) ? parent : null))
  const from = (parent: string | null, depth: number): { hop: Hop; depth: number }[] =>
    (within.get(parent) ?? []).flatMap((hop) => [{ hop, depth }, ...from(hop.span, depth + 1)])
  return from(null, 0)
}

export function whoseCopy({ environment, servedBy, refusal }: Hop): string {
  if (servedBy === null) return refusal === null ? 'no response' : `refused: ${refusal}`
  return servedBy.id === environment.id ? 'its own revision' : `inherited from ${servedBy.name}`
}

/** Where a call ran, why there, and whose copy answered: one line for people. */
export const whyThere = (hop: Hop): string =>
  `${hop.environment.name}: ${environmentChoices[hop.choice]}; ${whoseCopy(hop)}`
