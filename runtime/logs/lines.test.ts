import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LineParser, maxLine, type ParsedLine } from './lines.ts'
import { Mask } from './mask.ts'

type Seen = Pick<ParsedLine, 'level' | 'part' | 'rest' | 'offset'> & { text: string }

function parse(chunks: readonly (Buffer | string)[], options: { secrets?: string[]; stderr?: boolean } = {}): Seen[] {
  const seen: Seen[] = []
  const parser = new LineParser({
    stderr: options.stderr ?? false,
    mask: new Mask(options.secrets ?? []),
    emit: ({ text, start, end, level, part, rest, offset }) =>
      seen.push({ text: text.toString('utf8', start, end), level, part, rest, offset }),
  })
  for (const chunk of chunks) parser.feed(Buffer.from(chunk))
  parser.finish()
  return seen
}
const texts = (input: string | Buffer, options?: { secrets?: string[]; stderr?: boolean }) =>
  parse([input], options).map((line) => line.text)

test('the same bytes give the same records however they are cut', () => {
  const line = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom(
      '',
      'plain',
      'ERROR x',
      'TypeError: no',
      '    at f (a.js:1:2)',
      'Traceback (most recent call last):',
      '  File "x.py", line 1',
      'ValueError: y',
      'panic: z',
      'goroutine 1 [running]:',
      'main.main()',
      '\t/x.go:3',
      '/app/index.ts:3',
      '        ^',
      '{"level":50,"msg":"hi","a":1}',
      '{"pin":12345678}',
      'sesame-open',
      'c2VzYW1lLW9wZW4=',
      'x'.repeat(200),
      '\u001b[31mred\u001b[0m',
      'sesame-open'.repeat(3),
      'end\r',
    ),
  )
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 60 }).map((raw) => Buffer.from(raw)),
    line.map((text) => Buffer.from(`${text}\n`)),
  )
  const options = { secrets: ['sesame-open', '12345678'] }
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 30 }), fc.array(fc.nat(400), { maxLength: 12 }), (pieces, cuts) => {
      const whole = Buffer.concat(pieces)
      const places = [0, ...cuts.filter((cut) => cut < whole.length).sort((a, b) => a - b), whole.length]
      const chunks = places.slice(1).map((end, index) => whole.subarray(places[index], end))
      const once = parse([whole], options)
      expect(parse(chunks, options)).toEqual(once)
      expect(
        parse(
          [...whole].map((byte) => Buffer.from([byte])),
          options,
        ),
      ).toEqual(once)
      expect(JSON.stringify(once)).not.toMatch(/sesame-open|12345678|\\u0000/)
    }),
    { numRuns: 300 },
  )
})

test('a line longer than the limit is cut at the same places however it came, never inside a character or a secret', () => {
  const secret = 'correct horse battery staple'
  const long = `${'é'.repeat(maxLine / 2 - 7)}${secret}${'x'.repeat(maxLine)}${'ü'.repeat(10)}\nnext\n`
  const once = parse([long], { secrets: [secret] })
  expect(once.map((line) => line.part)).toEqual(['first', 'middle', 'last', 'whole'])
  expect(
    once
      .slice(0, 3)
      .map((line) => line.text)
      .join(''),
  ).toBe(long.split('\n')[0]?.replace(secret, '•••••'))
  const bytes = Buffer.from(long)
  for (const size of [1000, 4096, 65_537]) {
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
      bytes.subarray(index * size, (index + 1) * size),
    )
    expect(parse(chunks, { secrets: [secret] })).toEqual(once)
  }
})

test('a secret is masked in every form that it takes', () => {
  const secret = 'p@ss/w"rd 42'
  const secrets = [secret, '-----BEGIN-----\nMIIBVgIBADANBg\nkqhkiG9w0BAQEF']
  const forms = [
    secret,
    encodeURIComponent(secret),
    encodeURIComponent(secret).replaceAll('%20', '+'),
    JSON.stringify(secret),
    Buffer.from(secret).toString('base64'),
    Buffer.from(secret).toString('base64url'),
    Buffer.from(`user:${secret}`).toString('base64'),
    Buffer.from(`me:${secret}`).toString('base64'),
    'MIIBVgIBADANBg',
  ]
  for (const form of forms) {
    const [text] = texts(`before ${form} after\n`, { secrets })
    expect(text, form).toContain('•••••')
    for (const other of forms.slice(0, 4)) expect(text).not.toContain(other)
  }
  const [json] = parse([`${JSON.stringify({ msg: `in ${secret}`, deep: [{ key: secret }], pin: 98765432 })}\n`], {
    secrets: [...secrets, '98765432'],
  })
  expect(json).toMatchObject({ text: 'in •••••', rest: '{"deep":[{"key":"•••••"}],"pin":"•••••"}' })
  const [escaped] = parse(['{"msg":"\\u0070@ss/w\\"rd 42"}\n'], { secrets })
  expect(escaped?.text).toBe('•••••')
  // Two values that overlap leave nothing of either.
  expect(texts('abcdefghijkl\n', { secrets: ['abcdefgh', 'efghijkl'] })).toEqual(['•••••'])
  expect(texts('sec\0ret-value\n', { secrets: ['secret-value'] })).toEqual(['•••••'])
})

test('short values are not secrets to be found: they would hide half of every log', () => {
  expect(texts('true is 12345\n', { secrets: ['true', '12345', ''] })).toEqual(['true is 12345'])
})

const traces: Record<string, string> = {
  'Node, thrown':
    "TypeError: Cannot read 'x'\n    at f (/app/a.ts:1:2)\n    at async g (/app/b.ts:3:4) {\n  code: 'X',\n  [cause]: Error: deeper\n      at h (/app/c.ts:5:6)\n}",
  'Node, fatal':
    "/app/index.ts:3\nthrow new Error('x')\n      ^\n\nError: x\n    at Object.<anonymous> (/app/index.ts:3:7)\n\nNode.js v24.21.0",
  'Node, assertion':
    'AssertionError [ERR_ASSERTION]: Expected values to be equal:\n\n1 !== 2\n\n    at f (/app/a.ts:1:2)',
  Python:
    'Traceback (most recent call last):\n  File "main.py", line 3, in f\n    x()\n    ^^^\nKeyError: 1\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File "main.py", line 9, in <module>\nValueError: y',
  Java: 'Exception in thread "main" java.lang.IllegalStateException: a\n\tat com.x.A.f(A.java:1)\nCaused by: java.io.IOException: b\n\tat com.x.B.g(B.java:2)\n\t... 12 more',
  Go: 'panic: runtime error: index out of range\n\ngoroutine 1 [running]:\nmain.(*T).f(0xc000, {0x1, 0x2})\n\t/app/main.go:7 +0x1d\nmain.main()\n\t/app/main.go:3\nexit status 2',
  Rust: "thread 'main' panicked at src/main.rs:2:5:\nboom\nstack backtrace:\n   0: rust_begin_unwind\n             at /rustc/lib.rs:1:2\nnote: run with RUST_BACKTRACE=full",
}
test.each(Object.entries(traces))('a stack trace is one record: %s', (_name, trace) => {
  const lines = parse([`before\n${trace}\nafter\n`], { stderr: true })
  expect(lines.map((line) => line.text)).toEqual(['before', trace, 'after'])
  expect(['error', 'fatal']).toContain(lines[1]?.level)
})

test('lines that only mention an error stay lines of their own', () => {
  const lines = [
    'Error: one',
    'Error: two',
    'no Exception here',
    '',
    'listening',
    '/app/index.ts:3',
    'just a path above',
  ]
  expect(texts(`${lines.join('\n')}\n`)).toEqual(lines)
})

test('binary, control characters and colours are made safe and nothing of the text is lost', () => {
  expect(texts(Buffer.from([0x61, 0xff, 0xfe, 0x62, 0x00, 0x63, 0x0a]))).toEqual(['a\ufffd\ufffdbc'])
  expect(texts('\u001b[31mred\u001b[0m \u001b]52;c;aGk=\u0007 \u001b[2J\u009b1m\n')).toEqual([
    '\u001b[31mred\u001b[0m ␛]52;c;aGk=␇ ␛[2J\ufffd1m',
  ])
  expect(texts('10%\r20%\r\nnext\n')).toEqual(['10%␍20%', 'next'])
})

test.each([
  ['hello', 'info'],
  ['2026-01-02T03:04:05.678Z WARN slow', 'warn'],
  ['[12:00:01] [error] x', 'error'],
  ['DEBUG: x', 'debug'],
  ['error: x', 'error'],
  ['time=1 level=warning msg=x', 'warn'],
  ['\u001b[33mWARN\u001b[39m x', 'warn'],
  ['INFORMATION desk', 'info'],
  ['I had an error', 'info'],
  ['FATAL x', 'fatal'],
  ['npm ERR! x', 'error'],
  ['{"level":20,"msg":"x"}', 'debug'],
  ['{"severity":"CRITICAL","message":"x"}', 'fatal'],
  ['ERRORS: 0', 'info'],
])('the level of %j is %s', (line, level) => {
  expect(parse([`${line}\n`])[0]?.level).toBe(level)
})

test('stderr is error unless the line says otherwise', () => {
  const levels = parse(['boom\nINFO fine\n2026/01/02 03:04:05 go\n(node:1) DeprecationWarning: x\n'], {
    stderr: true,
  }).map((line) => line.level)
  expect(levels).toEqual(['error', 'info', 'info', 'warn'])
})

test('a JSON line gives its message, its fields and its level', () => {
  const [line] = parse(['{"level":"warn","msg":"hi\\nthere","trace_id":"t1","user":{"id":7}}\n'])
  expect(line).toMatchObject({ text: 'hi\nthere', level: 'warn', rest: '{"trace_id":"t1","user":{"id":7}}' })
  expect(texts('{"a":1}\n{broken}\n[1]\n{"__proto__":{"x":1},"msg":"p"}\n')).toEqual([
    '{"a":1}',
    '{broken}',
    '[1]',
    'p',
  ])
  expect(texts(`${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}\n`)).toHaveLength(1)
})
