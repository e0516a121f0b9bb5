import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatSettings, parseSettings } from './settings.ts'
import { type FolderVariable, formatVariables, parseVariables } from './variables.ts'

const run = promisify(execFile)
const name = fc
  .stringMatching(/^[A-Z_a-z][A-Z_a-z0-9]{0,12}$/)
  .filter((one) => !/^(M3O_.*|PORT|HOST|HOME|PATH|NODE_OPTIONS|LD_.*)$/.test(one))
const value = fc
  .oneof(
    fc.string({ unit: 'binary' }),
    fc.string(),
    fc.string({
      unit: fc.constantFrom(
        "'",
        '"',
        '`',
        '\\',
        '$',
        '\n',
        '\r',
        '\t',
        '#',
        ' ',
        '=',
        'n',
        'u',
        '0',
        'a',
        '\u0007',
        '\u2028',
        '\ufeff',
      ),
    }),
  )
  .map((text) => text.replaceAll('\0', ''))
const variables = fc.uniqueArray(fc.record({ name, value, secret: fc.boolean() }), {
  selector: (one) => one.name,
  maxLength: 6,
})
const order = (all: FolderVariable[]) => [...all].sort((a, b) => (a.name < b.name ? -1 : 1))

test('every value comes back as it was, whatever is in it', () => {
  fc.assert(
    fc.property(variables, fc.array(fc.string()), (all, about) => {
      const text = formatVariables(all, { about, missing: ['A', 'B'] })
      expect(order(parseVariables(text, 'x'))).toEqual(order(all))
    }),
    { numRuns: 2_000 },
  )
})

test('a shell and node read the same, as long as a value has no control characters', async () => {
  const all = Object.entries({
    PLAIN: 'a/b:c@d',
    SPACES: ' two  words ',
    QUOTES: `"double" \`back\` $HOME $(id)`,
    LINES: 'one\ntwo\n\nthree',
    HASH: '# not a comment',
    EMPTY: '',
    UNICODE: 'ünï 日本',
  }).map(([key, text]) => ({ name: key, value: text, secret: key === 'LINES' }))
  const folder = await mkdtemp(join(tmpdir(), 'm3o-variables-'))
  try {
    const file = join(folder, 'variables.env')
    await writeFile(file, formatVariables(all, { about: ['about'], missing: [] }))
    const print = [
      '-e',
      'process.stdout.write(JSON.stringify(Object.keys(JSON.parse(process.argv[1])).map((name) => process.env[name])))',
      JSON.stringify(Object.fromEntries(all.map((one) => [one.name, 1]))),
    ]
    const env = { PATH: process.env.PATH ?? '', NODE_ENV: 'test' as const }
    const expected = all.map((one) => one.value)
    expect(JSON.parse((await run(process.execPath, [`--env-file=${file}`, ...print], { env })).stdout)).toEqual(
      expected,
    )
    // An apostrophe within single quotes is what only double ones can say, in a shell too.
    await writeFile(
      file,
      formatVariables([...all, { name: 'APOSTROPHE', value: `it's "$HOME" \\ \`x\``, secret: false }], {
        about: [],
        missing: [],
      }),
    )
    const shell = await run(
      'sh',
      [
        '-c',
        'set -a; . "$1"; shift; exec "$@"',
        'sh',
        file,
        process.execPath,
        ...print.with(-1, JSON.stringify(Object.fromEntries([...all.map((one) => [one.name, 1]), ['APOSTROPHE', 1]]))),
      ],
      { env },
    )
    expect(JSON.parse(shell.stdout)).toEqual([...expected, `it's "$HOME" \\ \`x\``])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('what people write themselves is understood, and what cannot be is told by its line', () => {
  expect(
    parseVariables('\ufeff# mine\r\nexport A = 1 # one\r\nB=\r\nC="x # y" # z\n# [secrets]\nD=a#b\n# E=\nA=2', 'x'),
  ).toEqual([
    { name: 'A', value: '2', secret: true },
    { name: 'B', value: '', secret: false },
    { name: 'C', value: 'x # y', secret: false },
    { name: 'D', value: 'a#b', secret: true },
  ])
  for (const [text, message] of [
    ['A=1\nnonsense', 'line 2'],
    ['A=1\n\nB="open\nto the end', 'line 3: a quote is not closed'],
    ["A='1'2", 'line 1: something follows'],
    ['PATH=/x', 'line 1: PATH is set by the platform'],
    ['1A=2', 'line 1'],
    ['A="\\u0000"', 'line 1'],
  ] as const)
    expect(() => parseVariables(text, 'x')).toThrow(message)
  expect(() => parseVariables('A="s3cret', 'x')).not.toThrow('s3cret')
})

test('settings come back as they were, without those that m3o.json says', () => {
  fc.assert(
    fc.property(
      fc.record({
        min: fc.integer({ min: 0, max: 5 }),
        max: fc.integer({ min: 5, max: 32 }),
        memoryMiB: fc.integer({ min: 32, max: 16_384 }),
        cpu: fc.integer({ min: 5, max: 3_200 }).map((n) => n / 100),
        idleMs: fc.option(fc.integer({ min: 1_000, max: 1e9 })),
        health: fc.constantFrom('/health', '/a?b=c'),
      }),
      (settings) => {
        expect(parseSettings(JSON.stringify(formatSettings(settings, [])), 'x')).toEqual(settings)
      },
    ),
  )
  const settings = { min: 1, max: 1, memoryMiB: 256, cpu: 1, idleMs: 600_000, health: '/health' }
  expect(formatSettings(settings, ['memory', 'instances', 'health'])).toEqual({ cpu: 1, idle: '10m' })
  expect(() => parseSettings('{"command": "x"}', 'x')).toThrow('"command" belongs in m3o.json')
  expect(() => parseSettings('{"memroy": "x"}', 'here.json')).toThrow('here.json line 1')
})
