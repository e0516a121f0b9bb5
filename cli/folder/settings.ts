import { type Manifest, type ManifestKey, manifestKeys, parseManifest } from '#contract/manifest.ts'
import { PlatformError } from '#contract/errors.ts'
import type { ServiceSettings } from '#contract/records.ts'

/*
 * Settings of a service in its folder: `.m3o/settings.json`, in the words of m3o.json, which wins over it. It holds what
 * the console says and m3o.json does not; a key can be moved over as it stands.
 */
const known = ['instances', 'memory', 'cpu', 'idle', 'health'] as const satisfies ManifestKey[]

/** @param said keys of m3o.json, which come with the source */
export function formatSettings(settings: ServiceSettings, said: readonly string[]): Record<string, unknown> {
  const { min, max, memoryMiB, cpu, idleMs, health } = settings
  const all: Record<(typeof known)[number], unknown> = {
    instances: { min, max },
    memory: `${memoryMiB}MB`,
    cpu,
    idle: idleMs === null ? 'never' : spoken(idleMs),
    health,
  }
  return Object.fromEntries(Object.entries(all).filter(([key]) => !said.includes(key)))
}

/** @throws PlatformError `invalid_manifest` naming line and key */
export function parseSettings(text: string, file: string): Partial<ServiceSettings> {
  const manifest = read(text, file)
  const other = manifestKeys.find((key) => manifest[key] !== undefined && !(known as readonly string[]).includes(key))
  if (other !== undefined)
    throw new PlatformError('invalid_manifest', `${file}: "${other}" belongs in m3o.json`, {
      field: other,
      fix: `The keys in this file are ${known.join(', ')}.`,
    })
  const { instances, memory, cpu, idle, health } = manifest
  return {
    ...instances,
    ...(memory !== undefined && { memoryMiB: memory }),
    ...(cpu !== undefined && { cpu }),
    ...(health !== undefined && { health }),
    ...(idle !== undefined && { idleMs: idle === 'never' ? null : idle }),
  }
}

function read(text: string, file: string): Manifest {
  try {
    return parseManifest(text)
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error
    throw new PlatformError(error.code, error.message.replace('m3o.json', file), {
      fix: (error.fix ?? '').replace('m3o.json', file),
    })
  }
}

function spoken(ms: number): string {
  for (const [unit, size] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1_000],
  ] as const)
    if (ms % size === 0) return `${ms / size}${unit}`
  return `${ms}ms`
}
