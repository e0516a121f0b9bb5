import fc from 'fast-check'
import { expect, test } from 'vitest'
import { looksSecret, readEnv } from './env-file.ts'

const values = (text: string) => Object.fromEntries(readEnv(text).entries.map(({ name, value }) => [name, value]))

test('reads what .env files hold: comments, export, spaces, quotes of each kind, escapes', () => {
  expect(
    values(`
# a comment
PLAIN=one two # and a comment
export SHELL_LIKE=yes
SPACED = around
EMPTY=
HASH=a#b
SINGLE='it # stays \\n'
DOUBLE="line\\nbreak \\"quoted\\" \\$HOME"
BACK=\`it's "both"\`
URL=postgres://u:p@h/db?a=b
`),
  ).toEqual({
    PLAIN: 'one two',
    SHELL_LIKE: 'yes',
    SPACED: 'around',
    EMPTY: '',
    HASH: 'a#b',
    SINGLE: 'it # stays \\n',
    DOUBLE: 'line\nbreak "quoted" $HOME',
    BACK: `it's "both"`,
    URL: 'postgres://u:p@h/db?a=b',
  })
})

test('a quoted value may span lines, and what follows it is read on', () => {
  expect(values('KEY="-----BEGIN KEY-----\r\nabc\r\n-----END KEY-----"\r\nAFTER=1')).toEqual({
    KEY: '-----BEGIN KEY-----\nabc\n-----END KEY-----',
    AFTER: '1',
  })
})

test('of a name that is there twice the last counts, and lines that say nothing are told', () => {
  expect(readEnv('A=1\nnonsense\nA=2')).toEqual({ entries: [{ line: 3, name: 'A', value: '2' }], unread: [2] })
  expect(values('OPEN="never closed\nB=2')).toEqual({ OPEN: '"never closed', B: '2' })
})

test('no text makes it fail or take long, and no line is lost silently', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
      const { entries, unread } = readEnv(text)
      expect(entries.length + unread.length).toBeLessThanOrEqual(text.split(/\r\n|\n|\r/).length)
    }),
  )
})

test.each([
  ['STRIPE_SECRET_KEY', 'sk_live_abc'],
  ['DATABASE_URL', 'postgres://me:hunter2@db/x'],
  ['DB_PASSWORD', 'hunter2'],
  ['SESSION', 'k3Jd93kdkE93jdkE93jdke93'],
  ['PEM', '-----BEGIN RSA PRIVATE KEY-----\nx'],
  ['DIGEST', '5d41402abc4b2a76b9719d911017c592'],
])('%s looks like a secret', (name, value) => expect(looksSecret({ name, value })).toBe(true))

test.each([
  ['LOG_LEVEL', 'debug'],
  ['API_URL', 'https://api.example.com/v1'],
  ['AUTH_ENABLED', 'true'],
  ['NEXT_PUBLIC_KEY', 'abc'],
  ['PASSWORD', ''],
  ['TOKEN_TTL', '3600'],
  ['GREETING', 'a-long-but-quite-ordinary-sentence'],
])('%s=%s does not', (name, value) => expect(looksSecret({ name, value })).toBe(false))
