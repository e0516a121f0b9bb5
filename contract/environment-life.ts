/** How long environments live. Calls, edits and deployments in one, or in one that stems from it, are its use. */

/** A personal or a preview environment that was not used for so long expires. */
export const idleLifeMs = 72 * 3_600_000
/** It is said so from then on. */
export const warningMs = 24 * 3_600_000
/** What was deleted, or has expired, can be brought back for so long. */
export const undoMs = 24 * 3_600_000

/** Kinds that expire; the others are the team's own. */
export const doesExpire = (kind: string): boolean => kind === 'personal' || kind === 'preview'

/** Its time is nearly over. */
export const isEnding = (expires: number | null, now: number): expires is number =>
  expires !== null && expires - now < warningMs
