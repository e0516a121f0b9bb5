import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PlatformError } from '#contract/errors.ts'
import { manifestFile, parseManifest } from '#contract/manifest.ts'
import type { ServiceSettings } from '#contract/records.ts'
import { platformError, type Session } from '../session.ts'
import { readBeside, settingsFile, variablesFile, writeBeside } from './beside.ts'
import { digest, readPulled, writePulled } from './pulled.ts'
import { formatSettings } from './settings.ts'
import { type FolderVariable, formatVariables, parseVariables } from './variables.ts'

type At = { team: string; environment: string; service: string }

/** What a service is given in an environment, as far as whoever asks may have it. */
export interface Gathered {
  all: FolderVariable[]
  /** Names of what has a value there that they may not have. */
  missing: { name: string; secret: boolean }[]
  /** Why not. */
  why: string | undefined
  settings: ServiceSettings
}

export async function gather(session: Session, at: At): Promise<Gathered> {
  const names = await session.api.variables.names.query(at)
  const plain = await orRefusal(session.api.variables.list.query(at))
  const secrets = names.some(({ secret }) => secret)
    ? await orRefusal(session.api.variables.reveal.mutate(at))
    : { value: [] }
  const all = [
    ...(plain.value ?? []).flatMap(({ name, value, secret, state }) =>
      secret || value === null || state !== 'set' ? [] : [{ name, value, secret }],
    ),
    ...(secrets.value ?? []).map(({ name, value }) => ({ name, value, secret: true })),
  ]
  const { settings } = await session.api.services.get.query(at)
  return {
    all,
    missing: names.filter(({ name }) => !all.some((one) => one.name === name)),
    why: plain.refused ?? secrets.refused,
    settings,
  }
}

async function orRefusal<T>(work: Promise<T>): Promise<{ value?: T; refused?: string }> {
  try {
    return { value: await work }
  } catch (error) {
    const known = platformError(error)
    if (known?.code !== 'forbidden') throw error
    return { refused: known.message }
  }
}

export interface Kept {
  variables: string[]
  secrets: string[]
  missing: string[]
  settings: Record<string, unknown>
  saved: string[]
}

/**
 * Writes them beside the source. What somebody has changed there since the last time is saved beside it, and values that
 * they set for what is missing stay. `saved`: files that were.
 */
export async function keep(folder: string, gathered: Gathered, at: At & { url: string }): Promise<Kept> {
  const before = await readPulled(folder)
  const [oldVariables, oldSettings] = [await readBeside(folder, variablesFile), await readBeside(folder, settingsFile)]
  const own = ownValues(oldVariables, gathered.missing)
  const still = gathered.missing.filter(({ name }) => !own.some((one) => one.name === name))
  const about = [
    `${at.service} in ${at.environment} of ${at.team}, from ${at.url}. Written by m3o pull, read by m3o dev and m3o deploy --with-settings.`,
    ...(gathered.why === undefined ? [] : [`Not readable for you: ${gathered.why}.`]),
  ]
  const variables = formatVariables([...gathered.all, ...own], { about, missing: still.map(({ name }) => name) })
  const inEffect = formatSettings(gathered.settings, await keysOfManifest(folder))
  const settings = `${JSON.stringify(inEffect, null, 2)}\n`

  const saved: string[] = []
  for (const [file, old, fresh, last] of [
    [variablesFile, oldVariables, variables, before.variables],
    [settingsFile, oldSettings, settings, before.settings],
  ] as const) {
    if (old === undefined || old === fresh || digest(old) === last) continue
    const aside = `${file}.${new Date().toISOString().replace(/[:.]/g, '-')}`
    await writeBeside(folder, aside, old)
    saved.push(aside)
  }
  await writeBeside(folder, variablesFile, variables)
  await writeBeside(folder, settingsFile, settings)
  const values = Object.fromEntries(gathered.all.map(({ name, value }) => [name, digest(value)]))
  await writePulled(folder, { ...at, variables: digest(variables), settings: digest(settings), values })
  const names = (secret: boolean) =>
    [...gathered.all, ...own].filter((one) => one.secret === secret).map(({ name }) => name)
  return {
    variables: names(false),
    secrets: names(true),
    missing: still.map(({ name }) => name),
    settings: inEffect,
    saved,
  }
}

/** Set here by hand, where the platform's may not be read. */
function ownValues(text: string | undefined, missing: Gathered['missing']): FolderVariable[] {
  if (text === undefined) return []
  try {
    const secrets = new Map(missing.map(({ name, secret }) => [name, secret]))
    return parseVariables(text, variablesFile).flatMap((one) =>
      secrets.has(one.name) ? [{ ...one, secret: secrets.get(one.name) ?? true }] : [],
    )
  } catch (error) {
    if (error instanceof PlatformError) return [] // saved as it is
    throw error
  }
}

async function keysOfManifest(folder: string): Promise<string[]> {
  try {
    return Object.keys(parseManifest(await readFile(join(folder, manifestFile), 'utf8')))
  } catch {
    return [] // none, or one that cannot be deployed either
  }
}
