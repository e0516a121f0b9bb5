import fc from 'fast-check'
import { expect, test } from 'vitest'
import { environmentName } from '#contract/names.ts'
import { branchRef, isPreviewBranch } from '../source/naming.ts'
import { namesFor } from './preview.ts'

const branch = fc.stringMatching(/^preview(\/[A-Za-z0-9_][A-Za-z0-9_.+-]{0,30}){1,3}$/).filter(isPreviewBranch)

test('any branch that is taken gets names that an environment can have, no two the same', () => {
  fc.assert(
    fc.property(branch, (name) => {
      const names = [...namesFor(name)]
      for (const one of names) expect(environmentName.safeParse(one).success, `${one} for ${name}`).toBe(true)
      expect(new Set(names).size).toBe(names.length)
      expect(names.length).toBeGreaterThanOrEqual(3)
    }),
    { numRuns: 500 },
  )
})

test('a branch whose hash repeats itself gets no name twice', () => {
  const names = [...namesFor('preview/yFbind/_FAp9__s.__/c_V3M_+')]
  expect(names).toHaveLength(new Set(names).size)
  expect(names.length).toBeGreaterThanOrEqual(3)
})

test('the name is the branch’s, as near as it fits', () => {
  const first = (name: string) => namesFor(name).next().value
  expect(first('preview/checkout')).toBe('checkout')
  expect(first('preview/login')).toBe('p-login') // the console's own
  expect(first('preview/Feature/Login_Page')).toBe('feature-login-pa')
  expect(first('preview/1234')).toBe('p-1234')
  expect(first('preview/main')).toBe('p-main')
  expect(first('preview/_')).toBe('p')
})

test('a branch that would leave its folder, or that git or a file system could not have, is none', () => {
  for (const name of [
    'preview/../main',
    'preview/a/../../x',
    'preview/',
    'preview//a',
    'preview/.a',
    'preview/a.lock',
    'preview/a/b.lock',
    'preview/a.',
    `preview/${'a'.repeat(200)}`,
    'preview/a\nb',
    'previews/a',
  ]) {
    expect(isPreviewBranch(name), name).toBe(false)
    expect(() => branchRef(name), name).toThrow('is not a branch of an environment')
  }
  expect(branchRef('preview/Feature/login_page+1.2')).toBe('refs/heads/preview/Feature/login_page+1.2')
})
