import { and, eq, inArray, ne } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import type { Variable } from '#contract/records.ts'
import type { Actor } from '#contract/rpc.ts'
import { problemOfVariable } from '#contract/variables.ts'
import type { Transaction } from '#db/open.ts'
import { variables } from '#db/schema.ts'
import { audited } from '../audit/audit.ts'
import { type EnvironmentRow, environmentChain } from '../environments/environments.ts'
import type { Platform } from '../platform.ts'

export interface Place {
  serviceId: string
  environmentId: string
}

/** Values as an instance gets them. */
export type Values = Record<string, { value: string; secret: boolean }>

const sealedName = (row: { serviceId: string; environmentId: string; name: string }) => `variable/${row.serviceId}/${row.environmentId}/${row.name}`

/** Of one environment, what it inherits included, by name. Secrets come without their values. */
export async function listVariables(platform: Platform, place: Place): Promise<Variable[]> {
  return (await effectiveRows(platform, place)).map(({ row, environment }) => ({
    name: row.name, value: row.secret ? null : row.value, secret: row.secret, from: environment.name, updatedAt: row.updatedAt, by: row.byName,
  }))
}

/** What an instance that starts now gets. */
export async function readValues(platform: Platform, place: Place): Promise<Values> {
  const values: Values = {}
  for (const { row } of await effectiveRows(platform, place)) {
    values[row.name] = { secret: row.secret, value: row.secret ? platform.seal.open(row.value ?? '', sealedName(row)) : row.value ?? '' }
  }
  return values
}

async function effectiveRows({ db }: Platform, { serviceId, environmentId }: Place) {
  const chain = await environmentChain(db, environmentId)
  const rows = await db.select().from(variables).where(and(eq(variables.serviceId, serviceId), inArray(variables.environmentId, chain.map((at) => at.id))))
  const byName = new Map<string, { row: (typeof rows)[number]; environment: EnvironmentRow }>()
  for (const environment of chain.toReversed()) {
    for (const row of rows) if (row.environmentId === environment.id) byName.set(row.name, { row, environment })
  }
  return [...byName.values()].filter(({ row }) => row.value !== null).sort((a, b) => a.row.name.localeCompare(b.row.name))
}

export async function setVariable(platform: Platform, actor: Actor, input: Place & { name: string; value: string; secret: boolean }): Promise<void> {
  const problem = problemOfVariable(input.name, input.value)
  if (problem !== undefined) throw problem
  const [environment] = await environmentChain(platform.db, input.environmentId)
  const row = { ...input, value: input.secret ? platform.seal.seal(input.value, sealedName(input)) : input.value, byName: actor.name, updatedAt: Date.now() }
  const change = { teamId: environment?.teamId ?? null, action: input.secret ? 'secret.set' : 'variable.set', target: `variable ${input.name}`, after: { environment: environment?.name } }
  await audited(platform.db, actor, change, (tx) =>
    tx.insert(variables).values(row).onConflictDoUpdate({ target: [variables.serviceId, variables.environmentId, variables.name], set: row }))
  if (environment) platform.events.emit({ type: 'service', teamId: environment.teamId, serviceId: input.serviceId, environmentId: input.environmentId })
}

/** Several, looked at before the first of them is set. */
export async function setVariables(platform: Platform, actor: Actor, place: Place, given: readonly { name: string; value: string; secret: boolean }[]): Promise<void> {
  for (const { name, value } of given) {
    const problem = problemOfVariable(name, value)
    if (problem !== undefined) throw problem
  }
  for (const one of given) await setVariable(platform, actor, { ...place, ...one })
}

/** In an environment that inherits it, it is marked as absent; where it is set itself, the parent's shows again. */
export async function deleteVariable(platform: Platform, actor: Actor, input: Place & { name: string }): Promise<void> {
  const found = (await effectiveRows(platform, input)).find(({ row }) => row.name === input.name)
  if (!found) throw new PlatformError('not_found', `there is no variable ${input.name} here`, { fix: 'List them with `m3o var list`.' })
  const [environment] = await environmentChain(platform.db, input.environmentId)
  await audited(platform.db, actor, { teamId: environment?.teamId ?? null, action: 'variable.delete', target: `variable ${input.name}` }, async (tx) => {
    if (found.row.environmentId === input.environmentId) {
      await tx.delete(variables).where(and(eq(variables.serviceId, input.serviceId), eq(variables.environmentId, input.environmentId), eq(variables.name, input.name)))
    } else {
      await tx.insert(variables).values({ ...input, secret: false, value: null, byName: actor.name, updatedAt: Date.now() })
        .onConflictDoUpdate({ target: [variables.serviceId, variables.environmentId, variables.name], set: { value: null } })
    }
  })
  if (environment) platform.events.emit({ type: 'service', teamId: environment.teamId, serviceId: input.serviceId, environmentId: input.environmentId })
}

/** Those of one environment to another, where the service has none; a secret is sealed for its place. Those elsewhere go. */
export async function moveVariables({ seal }: Platform, tx: Transaction, { serviceId, from, to }: { serviceId: string; from: string; to: string }): Promise<void> {
  await tx.delete(variables).where(and(eq(variables.serviceId, serviceId), ne(variables.environmentId, from)))
  for (const row of await tx.select().from(variables).where(eq(variables.serviceId, serviceId))) {
    const { name, secret } = row
    const there = { serviceId, environmentId: to, name }
    const value = secret && row.value !== null ? seal.seal(seal.open(row.value, sealedName(row)), sealedName(there)) : row.value
    await tx.update(variables).set({ environmentId: to, value }).where(and(eq(variables.serviceId, serviceId), eq(variables.environmentId, from), eq(variables.name, name)))
  }
}
