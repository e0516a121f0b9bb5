import { isDeepStrictEqual } from 'node:util'
import { and, eq, ne } from 'drizzle-orm'
import { PlatformError } from '#contract/errors.ts'
import type { Variable } from '#contract/records.ts'
import type { Actor } from '#contract/rpc.ts'
import { problemOfVariable } from '#contract/variables.ts'
import type { Transaction } from '#db/open.ts'
import { services, variables } from '#db/schema.ts'
import { audited, writeAudit } from '../audit/audit.ts'
import { environmentChain } from '../environments/environments.ts'
import type { Platform } from '../platform.ts'
import { type Effective, effectiveVariables, type Place } from './effective.ts'

/** Values as an instance gets them. Of a secret: the environment in which it is set, and whether environments on that may have it. */
export type Values = Record<string, { value: string; secret: boolean; from?: string; inheritable?: boolean }>

/** Whether an instance would notice no difference. */
export const isSameFor = (a: Values, b: Values): boolean => isDeepStrictEqual(plainly(a), plainly(b))
const plainly = (values: Values) =>
  Object.fromEntries(Object.entries(values).map(([name, { value, secret }]) => [name, { value, secret }]))

export const sealedName = (row: { serviceId: string; environmentId: string; name: string }) =>
  `variable/${row.serviceId}/${row.environmentId}/${row.name}`

/** Of one environment, what it inherits included, by name; and what it does not have although a parent does. Secrets come without their values. */
export async function listVariables(platform: Platform, place: Place): Promise<Variable[]> {
  const { given, removed, withheld } = await effectiveVariables(platform, place)
  const shown =
    (state: Variable['state']) =>
    ({ row, environment, hides }: Effective): Variable => ({
      name: row.name,
      value: row.secret ? null : row.value,
      secret: row.secret,
      from: environment.name,
      overrides: hides?.name ?? null,
      inheritable: row.inheritable,
      state,
      updatedAt: row.updatedAt,
      by: row.byName,
    })
  return [...given.map(shown('set')), ...removed.map(shown('removed')), ...withheld.map(shown('withheld'))].sort(
    (a, b) => a.name.localeCompare(b.name),
  )
}

/** What an instance that starts now gets. */
export async function readValues(platform: Pick<Platform, 'db' | 'seal'>, place: Place): Promise<Values> {
  return openValues(platform, (await effectiveVariables(platform, place)).given)
}

export function openValues({ seal }: Pick<Platform, 'seal'>, given: readonly Effective[]): Values {
  return Object.fromEntries(
    given.map(({ row }) => [
      row.name,
      row.secret
        ? {
            secret: true,
            value: seal.open(row.value ?? '', sealedName(row)),
            from: row.environmentId,
            ...(row.inheritable && { inheritable: true }),
          }
        : { secret: false, value: row.value ?? '' },
    ]),
  )
}

/** Secrets' values for a person, to take along; the audit says who had which. */
export async function revealSecrets(
  platform: Platform,
  actor: Actor,
  place: Place,
): Promise<{ name: string; value: string }[]> {
  const [environment] = await environmentChain(platform.db, place.environmentId)
  const [service] = await platform.db
    .select({ name: services.name })
    .from(services)
    .where(eq(services.id, place.serviceId))
  const values = openValues(
    platform,
    (await effectiveVariables(platform, place)).given.filter(({ row }) => row.secret),
  )
  const secrets = Object.entries(values).map(([name, { value }]) => ({ name, value }))
  if (secrets.length === 0) return []
  // Nothing is handed out that is not written down.
  const after = { environment: environment?.name, names: secrets.map(({ name }) => name) }
  return audited(
    platform.db,
    actor,
    { teamId: environment?.teamId ?? null, action: 'secret.read', target: `service ${service?.name}`, after },
    () => Promise.resolve(secrets),
  )
}

interface Given {
  name: string
  value: string
  secret: boolean
  inheritable?: boolean | undefined
}

export async function setVariable(
  platform: Platform,
  actor: Actor,
  { serviceId, environmentId, ...given }: Place & Given,
): Promise<void> {
  await setVariables(platform, actor, { serviceId, environmentId }, [given])
}

/** Sets all of them in one transaction, or none. */
export async function setVariables(
  platform: Platform,
  actor: Actor,
  { serviceId, environmentId }: Place,
  given: readonly Given[],
): Promise<void> {
  for (const { name, value } of given) {
    const problem = problemOfVariable(name, value)
    if (problem !== undefined) throw problem
  }
  const rows = given.map(({ name, value, secret, inheritable }) => {
    const place = { serviceId, environmentId, name }
    return {
      ...place,
      secret,
      value: secret ? platform.seal.seal(value, sealedName(place)) : value,
      byName: actor.name,
      updatedAt: Date.now(),
      ...(inheritable !== undefined && { inheritable }),
    }
  })
  const [environment] = await environmentChain(platform.db, environmentId)
  const teamId = environment?.teamId ?? null
  await platform.db.transaction(async (tx) => {
    for (const row of rows)
      await tx
        .insert(variables)
        .values(row)
        .onConflictDoUpdate({ target: [variables.serviceId, variables.environmentId, variables.name], set: row })
    // The audit comes last: its lock is held to the end of the transaction.
    for (const { name, secret, inheritable } of given) {
      await writeAudit(tx, actor, {
        teamId,
        action: secret ? 'secret.set' : 'variable.set',
        target: `variable ${name}`,
        after: { environment: environment?.name, ...(inheritable !== undefined && { inheritable }) },
      })
    }
  })
  if (teamId !== null) platform.events.emit({ type: 'service', teamId, serviceId, environmentId })
}

/** In an environment that inherits it, it is marked as absent; where it is set itself, the parent's shows again. */
export async function deleteVariable(platform: Platform, actor: Actor, place: Place & { name: string }): Promise<void> {
  const { given, withheld } = await effectiveVariables(platform, place)
  const found = [...given, ...withheld].find(({ row }) => row.name === place.name)
  if (!found)
    throw new PlatformError('not_found', `variable ${place.name} does not exist here`, {
      fix: 'List them with `m3o var list`.',
    })
  await change(platform, actor, { place, action: 'variable.delete' }, async (tx) => {
    if (found.row.environmentId === place.environmentId) return void (await tx.delete(variables).where(isRow(place)))
    await tx
      .insert(variables)
      .values({ ...place, secret: found.row.secret, value: null, byName: actor.name, updatedAt: Date.now() })
      .onConflictDoUpdate({
        target: [variables.serviceId, variables.environmentId, variables.name],
        set: { value: null },
      })
  })
}

/** Takes back what was set or left out here. */
export async function resetVariable(platform: Platform, actor: Actor, place: Place & { name: string }): Promise<void> {
  const { given, removed } = await effectiveVariables(platform, place)
  const found = [...given, ...removed].find(
    ({ row }) => row.name === place.name && row.environmentId === place.environmentId,
  )
  if (!found?.hides)
    throw new PlatformError('not_in_this_state', `${place.name} has no override here`, {
      fix: 'List variables and their sources with `m3o var list`.',
    })
  const { name: to } = found.hides
  await change(platform, actor, { place, action: 'variable.reset', after: { inheritedFrom: to } }, async (tx) => {
    await tx.delete(variables).where(isRow(place))
  })
}

/** Whether environments below may have a secret that is set here, when this one is protected. */
export async function markVariable(
  platform: Platform,
  actor: Actor,
  { inheritable, ...place }: Place & { name: string; inheritable: boolean },
): Promise<void> {
  const [row] = await platform.db.select().from(variables).where(isRow(place))
  if (!row?.secret || row.value === null) {
    throw new PlatformError('not_found', `secret ${place.name} is not set in this environment`, {
      fix: 'Mark it in the environment where it is set (see `m3o secret list`).',
    })
  }
  await change(platform, actor, { place, action: 'secret.mark', after: { inheritable } }, async (tx) => {
    await tx.update(variables).set({ inheritable }).where(isRow(place))
  })
}

const isRow = ({ serviceId, environmentId, name }: Place & { name: string }) =>
  and(eq(variables.serviceId, serviceId), eq(variables.environmentId, environmentId), eq(variables.name, name))

/** With its audit row, and told to whoever looks at the service here. */
async function change(
  platform: Platform,
  actor: Actor,
  { place, action, after }: { place: Place & { name: string }; action: string; after?: object },
  run: (tx: Transaction) => Promise<void>,
): Promise<void> {
  const [environment] = await environmentChain(platform.db, place.environmentId)
  await audited(
    platform.db,
    actor,
    {
      teamId: environment?.teamId ?? null,
      action,
      target: `variable ${place.name}`,
      after: { environment: environment?.name, ...after },
    },
    run,
  )
  await Promise.all([platform.places.reviewSecrets(place.serviceId), platform.laptops.reviewSecrets(place.serviceId)])
  if (environment)
    platform.events.emit({
      type: 'service',
      teamId: environment.teamId,
      serviceId: place.serviceId,
      environmentId: place.environmentId,
    })
}

/** Those of one environment to another, where the service has none; a secret is sealed for its place. Those elsewhere go. */
export async function moveVariables(
  { seal }: Platform,
  tx: Transaction,
  { serviceId, from, to }: { serviceId: string; from: string; to: string },
): Promise<void> {
  await tx.delete(variables).where(and(eq(variables.serviceId, serviceId), ne(variables.environmentId, from)))
  for (const row of await tx.select().from(variables).where(eq(variables.serviceId, serviceId))) {
    const { name, secret } = row
    const there = { serviceId, environmentId: to, name }
    const value =
      secret && row.value !== null ? seal.seal(seal.open(row.value, sealedName(row)), sealedName(there)) : row.value
    await tx
      .update(variables)
      .set({ environmentId: to, value })
      .where(and(eq(variables.serviceId, serviceId), eq(variables.environmentId, from), eq(variables.name, name)))
  }
}
