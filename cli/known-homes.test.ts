import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { knownHomes, rememberHome } from './known-homes.ts'

test('data folders are remembered, the newest first; those that are gone are forgotten', () => {
  const folder = mkdtempSync(join(tmpdir(), 'm3o-homes-'))
  try {
    const env = { NODE_ENV: 'test', XDG_STATE_HOME: join(folder, 'state') } as const
    const [one = '', two = ''] = ['one', 'two'].map((name) => join(folder, name))
    for (const each of [one, two]) mkdirSync(each)
    expect(knownHomes(env)).toEqual([])
    for (const each of [one, two, two]) rememberHome(each, env)
    expect(knownHomes(env)).toEqual([two, one])
    rmSync(two, { recursive: true })
    expect(knownHomes(env)).toEqual([one])
    writeFileSync(join(folder, 'file'), '')
    expect(() => rememberHome(one, { ...env, XDG_STATE_HOME: join(folder, 'file') })).not.toThrow()
  } finally {
    rmSync(folder, { recursive: true })
  }
})
