/** Deployments: which state may follow which. The runtime moves along this table, screens disable buttons by it. */
export const deploymentStates = [
  'queued',
  'building',
  'starting',
  'checking',
  'switching',
  'live',
  'failed',
  'cancelled',
  'superseded',
  'reverted',
] as const
export type DeploymentState = (typeof deploymentStates)[number]

/** The phases that take time, in order; each has a deadline and shows its duration. */
export const phases = ['queued', 'building', 'starting', 'checking', 'switching'] as const
export type Phase = (typeof phases)[number]
/** How long a phase may take. */
export const phaseDeadlines = { starting: 30_000, checking: 60_000 } as const

/**
 * What a phase was spent on, as far as it was measured. Building: the source out of git, its dependencies, its own build command, its
 * code made into what runs. Starting: others' turn before its own, then a sandbox, or what waited in one taking the code. Checking:
 * until it listens (its program and its modules are loaded), until its health path answers, until its endpoints are read and its build
 * is on the disk. Switching: until the others of its promotion are ready as well.
 */
export const phaseParts = [
  'source',
  'dependencies',
  'command',
  'code',
  'turn',
  'sandbox',
  'spare',
  'loading',
  'answering',
  'describing',
  'others',
] as const
export interface PhasePart {
  name: (typeof phaseParts)[number]
  ms: number
}

const next: Record<DeploymentState, readonly DeploymentState[]> = {
  queued: ['building', 'failed', 'cancelled', 'superseded'],
  building: ['starting', 'failed', 'cancelled', 'superseded'],
  starting: ['checking', 'failed', 'cancelled', 'superseded'],
  checking: ['switching', 'failed', 'cancelled', 'superseded'],
  switching: ['live', 'failed'],
  live: ['reverted'],
  failed: [],
  cancelled: [],
  superseded: [],
  reverted: [],
}

export const mayFollow = (from: DeploymentState, to: DeploymentState): boolean => next[from].includes(to)
export const mayPrecede = (to: DeploymentState): DeploymentState[] =>
  deploymentStates.filter((from) => mayFollow(from, to))

/** Still on its way: something is or will be done for it. */
export const isUnderWay = (state: DeploymentState): boolean => (phases as readonly string[]).includes(state)

/** Promotions: prepared side by side, then switched in one change or not at all. */
export const promotionStates = ['preparing', 'switching', 'live', 'failed', 'cancelled', 'reverted'] as const
export type PromotionState = (typeof promotionStates)[number]

const promotionNext: Record<PromotionState, readonly PromotionState[]> = {
  preparing: ['switching', 'failed', 'cancelled'],
  switching: ['live', 'failed'],
  live: ['reverted'],
  failed: [],
  cancelled: [],
  reverted: [],
}

export const promotionMayFollow = (from: PromotionState, to: PromotionState): boolean =>
  promotionNext[from].includes(to)

/** Services in an environment, as people see them; one that was never deployed there is `stopped`, without a revision. */
export const serviceStates = ['live', 'deploying', 'asleep', 'crashing', 'failed', 'stopped'] as const
export type ServiceState = (typeof serviceStates)[number]

/** What may be done in which state; the reason is what a disabled button says. */
export const deploymentCan = {
  cancel: (state: DeploymentState) => (isUnderWay(state) && state !== 'switching' ? true : `it is already ${state}`),
} as const

export const promotionCan = {
  cancel: (state: PromotionState) => (state === 'preparing' ? true : `it is already ${state}`),
  undo: (state: PromotionState) => (state === 'live' ? true : `it is ${state}`),
} as const

export const serviceCan = {
  restart: can(['live', 'crashing', 'failed', 'asleep', 'stopped'], 'it has never been deployed here'),
  kill: can(['live', 'crashing', 'asleep', 'deploying', 'failed'], 'it is not running here'),
  rollback: can(['live', 'crashing', 'failed', 'asleep', 'stopped'], 'there is no earlier revision here'),
  exec: can(['live', 'crashing', 'deploying'], 'it has no running instance here'),
  scale: can(['live', 'asleep', 'crashing', 'stopped'], 'it has never been deployed here'),
} as const

function can(states: readonly ServiceState[], reason: string) {
  return (state: ServiceState): true | string => (states.includes(state) ? true : `not while ${state}: ${reason}`)
}
