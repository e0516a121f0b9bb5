import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkPath, pathFault } from './path.ts'
import { staysInside } from './symlinks.ts'

test('plain paths are taken as they are', () => {
  for (const path of [
    'a',
    'index.ts',
    'src/a b/ü.ts',
    '.env',
    '.github/workflows/x.yml',
    '.gitignore',
    '.gitmodules',
    'a..b',
    '...a',
    '日本/語',
    'git',
    'x.git',
    'git~',
    'con',
  ]) {
    expect(pathFault(path), path).toBeUndefined()
  }
})

test('what could leave the tree, hide in it or stand for .git is refused', () => {
  const refused = [
    '',
    '/',
    '/a',
    'a//b',
    'a/',
    '.',
    '..',
    '../a',
    'a/../b',
    'a/..',
    './a',
    'a/./b',
    'a\0b',
    'a\nb',
    'a\\b',
    '..\\a',
    '\ud800',
    '.git',
    '.GIT',
    '.Git/config',
    'a/.git',
    'a/.gIt/hooks/x',
    '.git.',
    '.git ',
    '.git...',
    '.git . .',
    '.git::$INDEX_ALLOCATION',
    '.git:x',
    'git~1',
    'GIT~2/config',
    '.g\u200cit',
    '\u200d.git',
    '.git\ufeff',
    '.gi\u206at/x',
    'a./b',
    'a /b',
    '...',
    '. .',
    'x'.repeat(256),
    `${'a/'.repeat(512)}b`,
  ]
  for (const path of refused) expect(pathFault(path), JSON.stringify(path)).toBeTypeOf('string')
})

test('whatever is accepted is its own normal form, below the root and without a .git in any spelling', () => {
  const segment = fc.oneof(
    fc.constantFrom('..', '.', '', '.git', '.GIT', 'git~1', 'a', '.g\u200cit', 'b c', 'é'),
    fc.string({ unit: 'binary', maxLength: 5 }),
  )
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 5 }), (segments) => {
      const path = segments.join('/')
      if (pathFault(path) !== undefined) return
      expect(
        new URL(`file:///${path.split('/').map(encodeURIComponent).join('/')}`).pathname
          .split('/')
          .map(decodeURIComponent)
          .join('/'),
      ).toBe(`/${path}`)
      for (const name of path.split('/')) {
        expect(name.replace(/[^\x21-\x7e]/g, '').toLowerCase()).not.toBe('.git')
      }
      expect(Buffer.from(path, 'utf8').toString('utf8')).toBe(path)
    }),
    { numRuns: 1000 },
  )
})

test('the refusal names the field and the path', () => {
  expect(() => checkPath('../x', 'to')).toThrow(
    expect.objectContaining({ code: 'invalid_path', field: 'to', message: 'the path "../x" contains ".."' }),
  )
})

test('a link is followed through other links before it is believed', () => {
  const links = new Map([
    ['a/b/c', '../..'],
    ['out', 'a/b/c/../../..'],
    ['in', 'a/b/c/x'],
    ['round', 'round'],
    ['abs', '/etc/passwd'],
    ['up', '../x'],
    ['fine', './a/../b'],
  ])
  const inside = [...links.keys()].filter((path) => staysInside(path, links))
  expect(inside).toEqual(['a/b/c', 'in', 'fine'])
})
