import type { Egress } from './egress.ts'

export type { Egress } from './egress.ts'

/** In words; without the schemas, which pages need only to change it. */
export const egressModes = {
  all: 'All public addresses',
  listed: 'Only listed addresses',
  none: 'Nothing',
} as const satisfies Record<Egress['mode'], string>
