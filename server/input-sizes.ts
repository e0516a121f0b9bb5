import type { JsonBounds } from '#contract/bounded-json.ts'

/**
 * How large the input of a procedure may be. `public`: of whoever is not signed in. `usual`: unless a procedure says
 * otherwise. `large`: it carries a file, a request's body, or many variables.
 */
export type InputSize = 'public' | 'usual' | 'large'

interface Bounds extends JsonBounds {
  withinMs: number
}

export const inputBounds: Readonly<Record<InputSize, Bounds>> = {
  public: { bytes: 16 << 10, depth: 8, values: 500, withinMs: 10_000 },
  usual: { bytes: 256 << 10, depth: 20, values: 20_000, withinMs: 30_000 },
  large: { bytes: 14 << 20, depth: 20, values: 20_000, withinMs: 120_000 },
}

/** A query string is a header's part, which every proxy limits; clients send a body well before. */
export const mostQueryBytes = 16 << 10
/** More procedures in one request are refused; clients split (client/trpc.ts). */
export const mostInBatch = 20

const order: readonly InputSize[] = ['public', 'usual', 'large']

/** Of a request with several procedures: the most that one of them may have. */
export const largest = (sizes: readonly InputSize[]): InputSize =>
  order[Math.max(0, ...sizes.map((size) => order.indexOf(size)))] ?? 'public'
