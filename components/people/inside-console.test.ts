import { expect, test } from 'vitest'
import { insideConsole } from './inside-console.ts'

test('goes on to a path of the console, and never to another site', () => {
  expect(insideConsole('/demo/production/services?q=a#b')).toBe('/demo/production/services?q=a#b')
  for (const to of [
    null,
    '',
    'https://evil.test',
    '//evil.test',
    '/\\evil.test',
    '\\evil.test',
    'javascript:alert(1)',
    '/\t/evil.test',
    '/.//evil.test',
    '/x/..//evil.test',
    '/.\\/evil.test',
  ]) {
    const on = insideConsole(to)
    expect(on === undefined || new URL(on, 'http://here.test').origin === 'http://here.test', String(to)).toBe(true)
  }
})
