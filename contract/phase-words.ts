import type { Deployment } from './records.ts'
import type { PhasePart } from './states.ts'

/** Not worth a word beside the rest of its phase. */
const least = 0.05

const words: Record<PhasePart['name'], string> = {
  source: 'source',
  dependencies: 'dependencies',
  command: 'its build command',
  code: 'code',
  turn: 'waiting for other teams',
  sandbox: 'sandbox',
  spare: 'a spare took it',
  loading: 'loading',
  answering: 'answering',
  describing: 'reading its endpoints',
  others: 'waiting for the others',
}

/** What a phase was spent on, for people: "dependencies 1.98 s, code 24 ms". Empty where that was not measured. */
export function spokenParts(
  { ms, parts = [] }: Deployment['phases'][number],
  duration: (ms: number) => string,
): string {
  return parts
    .filter((part) => part.ms >= least * (ms ?? 0))
    .map((part) => `${words[part.name]} ${duration(part.ms)}`)
    .join(', ')
}
