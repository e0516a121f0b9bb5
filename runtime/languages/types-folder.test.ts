import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { typesFolder } from './types-folder.ts'

test('editors that open at once share one folder, and nothing is left of how it was made', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'm3o-types-'))
  try {
    const made = await Promise.all([typesFolder(folder), typesFolder(folder), typesFolder(folder)])
    expect(new Set([...made, await typesFolder(folder)]).size).toBe(1)
    expect(readdirSync(folder)).toHaveLength(1)
    expect(readdirSync(made[0] ?? '')).toContain('zod')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
