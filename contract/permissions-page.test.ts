import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { permissionsPage } from './permissions-page.ts'

test('docs/permissions.md says what the code says', () => {
  const kept = readFileSync(new URL('../docs/permissions.md', import.meta.url), 'utf8')
  expect(kept, 'make it anew: npm run docs').toBe(permissionsPage())
})
