import type { DeploymentRow } from './record.ts'

/** The stack of live revisions, oldest first, from deployments that became live. A restart or a scaling changes nothing in it, a rollback goes back to its target. */
export function liveHistory(rows: readonly DeploymentRow[]): DeploymentRow[] {
  const stack: DeploymentRow[] = []
  for (const row of rows) {
    if (row.kind === 'restart' || row.kind === 'scale') continue
    const back = row.kind === 'rollback' ? stack.findLastIndex((one) => one.id === row.restoresId) : -1
    if (back >= 0) stack.length = back + 1
    else if (stack.at(-1)?.commit !== row.commit || row.kind !== 'deploy') stack.push(row)
    else stack[stack.length - 1] = row
  }
  return stack
}
