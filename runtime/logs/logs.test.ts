import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { openLogs, type Logs, type LogsOptions } from './logs.ts'
import type { StoredEntry, StoredRecord } from './record.ts'

const target = { serviceId: 's_1', environmentId: 'e_1' }
const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'm3o-logs-'))
  cleanups.push(() => rmSync(path, { recursive: true, force: true }))
  writeFileSync(join(path, 'stdout'), '')
  writeFileSync(join(path, 'stderr'), '')
  return path
}

async function open(path: string, options: Partial<LogsOptions> = {}): Promise<Logs> {
  const logs = await openLogs({
    dir: join(path, 'logs'),
    warn: (message, details) => expect.fail(`${message} ${JSON.stringify(details)}`),
    ...options,
  })
  cleanups.push(() => logs.close())
  return logs
}

function source(path: string, instanceId = 'i_1') {
  return {
    ...target,
    instanceId,
    revision: 'r1',
    files: { stdout: join(path, 'stdout'), stderr: join(path, 'stderr') },
  }
}

async function all(logs: Logs, query: Parameters<Logs['read']>[1] = {}): Promise<StoredEntry[]> {
  const entries: StoredEntry[] = []
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page = await logs.read([target], { order: 'newer', limit: 10_000, ...query, ...(cursor && { cursor }) })
    entries.push(...page.entries)
    cursor = page.cursor
  }
  return entries
}
const records = (entries: readonly StoredEntry[]) =>
  entries.filter((entry): entry is StoredRecord => entry.kind === 'record')
const texts = (entries: readonly StoredEntry[]) =>
  entries.map((entry) => (entry.kind === 'gap' ? `(${entry.gap} ${entry.why})` : entry.text))

function run(script: string, ...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'fixtures', script), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  cleanups.push(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  return child
}

test(
  'a tailer killed again and again while a service writes loses no line, keeps none twice and keeps the order',
  { timeout: 120_000 },
  async () => {
    const path = folder()
    const count = 200_000
    const writer = run('writer.ts', join(path, 'stdout'), String(count), '700')
    let kills = 0
    while (writer.exitCode === null) {
      const tailer = run('tailer.ts', path)
      await once(tailer.stdout as NodeJS.ReadableStream, 'data')
      const before = storedBytes(path)
      await vi.waitUntil(() => storedBytes(path) > before || writer.exitCode !== null, { interval: 5, timeout: 20_000 })
      tailer.kill('SIGKILL')
      await once(tailer, 'exit')
      kills++
    }
    expect(kills).toBeGreaterThan(2)
    const logs = await open(path, { segmentBytes: 256 * 1024 })
    await logs.attach(source(path))
    await logs.detach('i_1', { drain: true })
    const stored = records(await all(logs))
    expect(stored.length).toBe(count)
    expect(stored.findIndex((record, index) => record.seq !== index + 1 || record.text !== `line ${index + 1}`)).toBe(
      -1,
    )
  },
)

function storedBytes(path: string): number {
  const dir = join(path, 'logs', 's_1', 'e_1')
  try {
    return readdirSync(dir).reduce((sum, name) => sum + statSync(join(dir, name)).size, 0)
  } catch {
    return 0
  }
}

test(
  'followers that go away and come back with the last seq they saw miss nothing and see nothing twice',
  { timeout: 60_000 },
  async () => {
    const path = folder()
    const logs = await open(path, { segmentBytes: 128 * 1024 })
    await logs.attach(source(path))
    const count = 60_000
    const writer = run('writer.ts', join(path, 'stdout'), String(count))
    await Promise.all(
      [1, 2, 3].map(async (viewer) => {
        let seen = 0
        let reconnects = 0
        while (seen < count) {
          const stop = new AbortController()
          let batches = 0
          for await (const batch of logs.follow([target], {}, { after: { 's_1/e_1': seen } }, stop.signal)) {
            for (const entry of records(batch)) {
              expect(entry.seq).toBe(++seen)
              if (entry.text !== `line ${seen}`) expect.fail(`${entry.text} at ${seen}`)
            }
            if (seen === count || ++batches % (viewer * 2) === 0) break
          }
          stop.abort()
          reconnects++
        }
        expect(reconnects).toBeGreaterThan(5)
      }),
    )
    await vi.waitUntil(() => writer.exitCode !== null)
  },
)

test('a slow reader gets every line, from the store', async () => {
  const path = folder()
  const logs = await open(path)
  await logs.attach(source(path))
  const stop = new AbortController()
  const follow = logs.follow([target], { match: [{ regex: 'line \\d*7$' }] }, {}, stop.signal)[Symbol.asyncIterator]()
  const first = follow.next()
  await vi.waitUntil(async () => {
    appendFileSync(join(path, 'stdout'), 'line 7\n')
    return (await logs.lastSeq(target)) > 0
  })
  const seen = records((await first).value ?? [])
  appendFileSync(join(path, 'stdout'), Array.from({ length: 50_000 }, (_, index) => `line ${index}\n`).join(''))
  const end = await vi.waitUntil(async () => (await logs.lastSeq(target)) >= 50_001 && logs.lastSeq(target))
  const wanted = records(await all(logs, { match: [{ regex: 'line \\d*7$' }] }))
  while (seen.length < wanted.length) seen.push(...records((await follow.next()).value ?? []))
  expect(seen.map((entry) => entry.seq)).toEqual(wanted.map((entry) => entry.seq))
  expect(seen.at(-1)?.seq).toBeLessThanOrEqual(end)
  stop.abort()
  expect((await follow.next()).done).toBe(true)
})

test('what is stored of a trace is one record even when it is written in two halves, and plain lines do not wait', async () => {
  const path = folder()
  const logs = await open(path)
  await logs.attach(source(path))
  appendFileSync(join(path, 'stderr'), 'plain\nError: x\n    at a (b.js:1:2)\n')
  await vi.waitUntil(async () => (await logs.lastSeq(target)) >= 1, { interval: 2 })
  appendFileSync(join(path, 'stderr'), '    at c (d.js:1:2)\nafter\n')
  await vi.waitUntil(async () => (await logs.lastSeq(target)) >= 3)
  expect(texts(await all(logs))).toEqual(['plain', 'Error: x\n    at a (b.js:1:2)\n    at c (d.js:1:2)', 'after'])
})

test('a service that truncates its own output leaves a mark, and what it writes next is kept', async () => {
  const path = folder()
  const logs = await open(path)
  await logs.attach(source(path))
  appendFileSync(join(path, 'stdout'), 'one\ntwo\nthr')
  await vi.waitUntil(async () => (await logs.lastSeq(target)) === 2)
  truncateSync(join(path, 'stdout'))
  await vi.waitUntil(async () => (await all(logs)).length === 4)
  appendFileSync(join(path, 'stdout'), 'four\n')
  await vi.waitUntil(async () => (await logs.lastSeq(target)) === 4)
  expect(texts(await all(logs))).toEqual(['one', 'two', 'thr', '(0 the service truncated its own output)', 'four'])
})

test('more than the quota written while nobody read is counted, not kept, and the newest is', async () => {
  const path = folder()
  const lines = Array.from({ length: 30_000 }, (_, index) => `number ${index}\n`)
  writeFileSync(join(path, 'stdout'), lines.join(''))
  const logs = await open(path, { quotaBytes: 100_000 })
  await logs.attach(source(path))
  await logs.detach('i_1', { drain: true })
  const [gap, ...rest] = await all(logs)
  expect(gap).toMatchObject({
    kind: 'gap',
    after: 0,
    why: 'the output written while the platform was down exceeds the log limit',
  })
  expect(gap?.kind === 'gap' && gap.gap + rest.length).toBe(30_000)
  expect(texts(rest).at(-1)).toBe('number 29999')
  expect(texts(rest)[0]).toBe(`number ${30_000 - rest.length}`)
})

test(
  'a flood above the pace waits in its file, and what the file may not hold is a gap of the right size',
  { timeout: 30_000 },
  async () => {
    const path = folder()
    const logs = await open(path, {
      quotaBytes: 400_000,
      pace: { linesPerSecond: 20_000, bytesPerSecond: 1e6, burstSeconds: 0.1 },
    })
    await logs.attach(source(path))
    appendFileSync(join(path, 'stdout'), 'first\n')
    await vi.waitUntil(async () => (await logs.lastSeq(target)) === 1)
    const other = { ...target, serviceId: 's_2' }
    appendFileSync(join(path, 'stdout'), Array.from({ length: 100_000 }, (_, index) => `number ${index}\n`).join(''))
    // Another service's log goes on meanwhile.
    expect(await logs.append(other, { stream: 'platform', text: 'here' })).toBe(1)
    await vi.waitUntil(async () => texts((await logs.read([target], { limit: 1 })).entries)[0] === 'number 99999', {
      timeout: 20_000,
    })
    const entries = await all(logs)
    const gaps = entries.flatMap((entry) => (entry.kind === 'gap' ? [entry] : []))
    expect(gaps.map((gap) => gap.why)).toEqual(gaps.map(() => 'rate limit'))
    expect(gaps.length).toBeGreaterThan(0)
    expect(records(entries).length + gaps.reduce((sum, gap) => sum + gap.gap, 0)).toBe(100_001)
  },
)

test('retention deletes by size and by age, and a viewer from before is told how many lines went', async () => {
  const path = folder()
  let now = Date.now()
  const logs = await open(path, {
    now: () => now,
    segmentBytes: 10_000,
    retention: () => ({ maxBytes: 60_000, maxAgeMs: 3_600_000 }),
  })
  for (let lot = 0; lot < 30; lot++)
    await logs.append(
      target,
      Array.from({ length: 50 }, (_, index) => ({
        stream: 'build' as const,
        text: `lot ${lot} line ${index} ${'x'.repeat(40)}`,
      })),
    )
  await logs.retain()
  const [oldest] = records(await all(logs))
  expect(oldest?.seq).toBeGreaterThan(100)
  expect(storedBytes(path)).toBeLessThan(80_000)
  const stop = new AbortController()
  for await (const [gap, next] of logs.follow([target], {}, { after: { 's_1/e_1': 40 } }, stop.signal)) {
    expect(gap).toMatchObject({ kind: 'gap', gap: (oldest?.seq ?? 0) - 41, why: 'deleted by retention', after: 40 })
    expect(next ?? oldest).toMatchObject({ seq: oldest?.seq })
    break
  }
  now += 3_700_000
  await logs.retain()
  expect(await all(logs)).toEqual([])
  // The numbers go on, also in another life.
  await logs.close()
  const again = await open(path, { now: () => now })
  expect(await again.lastSeq(target)).toBe(1500)
  expect(await again.append(target, { stream: 'platform', text: 'more' })).toBe(1501)
})

test('searches: text, expression, negation, level, stream, instance, revision, time, fields, trace, both ways, a page at a time', async () => {
  const path = folder()
  const logs = await open(path, { segmentBytes: 20_000 })
  await logs.attach(source(path))
  const lines = Array.from({ length: 3000 }, (_, index) =>
    index % 10 === 0
      ? JSON.stringify({ level: 'warn', msg: `json ${index}`, trace: `t${index}`, user: { name: 'Ann' } })
      : `plain ${index}${index % 100 === 7 ? ' NEEDLE' : ''}`,
  )
  appendFileSync(join(path, 'stdout'), `${lines.join('\n')}\n`)
  await vi.waitUntil(async () => (await logs.lastSeq(target)) === 3000)
  await logs.append(target, {
    stream: 'platform',
    text: 'instance exited\nwith code 1',
    level: 'error',
    instanceId: 'i_9',
    revision: 'r9',
  })
  for (const order of ['older', 'newer'] as const) {
    for (const limit of [7, 1000]) {
      const read = async (query: Parameters<Logs['read']>[1]) => {
        const pages: StoredEntry[][] = []
        for (let cursor: string | null | undefined; cursor !== null;) {
          const page = await logs.read([target], { order, limit, ...query, ...(cursor && { cursor }) })
          pages.push(page.entries)
          cursor = page.cursor
        }
        return records((order === 'older' ? pages.reverse() : pages).flat()).map((entry) => entry.seq)
      }
      const where = (keep: (line: string, index: number) => boolean) =>
        lines.flatMap((line, index) => (keep(line, index) ? [index + 1] : []))
      expect(await read({ match: [{ text: 'needle' }] })).toEqual(where((line) => line.includes('NEEDLE')))
      expect(await read({ match: [{ text: 'needle', case: true }] })).toEqual([])
      expect(await read({ match: [{ regex: '^plain \\d+ NEEDLE$' }] })).toEqual(
        where((line) => line.includes('NEEDLE')),
      )
      expect(await read({ match: [{ regex: '^json' }, { regex: '5', not: true }] })).toEqual(
        where((line, index) => index % 10 === 0 && !`${index}`.includes('5')),
      )
      expect(await read({ match: [{ text: '"name":"Ann"' }, { text: '10"' }] })).toEqual(
        where((_, index) => index % 100 === 10),
      )
      expect(await read({ level: 'warn', match: [{ text: '99' }] })).toEqual(
        where((_, index) => index % 10 === 0 && `${index}`.includes('99')),
      )
      expect(await read({ level: 'error' })).toEqual([3001])
      expect(await read({ levels: ['info'], match: [{ text: 'plain 29' }] })).toEqual(
        where((line) => line.startsWith('plain 29')),
      )
      expect(await read({ stream: ['platform'] })).toEqual([3001])
      expect(await read({ instance: ['i_9'] })).toEqual([3001])
      expect(await read({ revision: ['r9'], match: [{ regex: '^with' }] })).toEqual([3001])
      expect(await read({ trace: 't1230' })).toEqual([1231])
    }
  }
  const middle = records((await logs.read([target], { order: 'newer', at: 1500, limit: 3 })).entries)
  expect(middle.map((entry) => entry.seq)).toEqual([1500, 1501, 1502])
  expect(records((await logs.read([target], { at: 1500, limit: 3 })).entries).map((entry) => entry.seq)).toEqual([
    1498, 1499, 1500,
  ])
  const time = middle[0]?.time ?? 0
  const later = records(await all(logs, { since: time + 1 }))
  const until = records(await all(logs, { until: time }))
  expect(later.length + until.length).toBe(3001)
})

test('an expression made to hang is refused or answered in time, live too; a bad one says why', async () => {
  const path = folder()
  const logs = await open(path)
  await logs.append(
    target,
    Array.from({ length: 200 }, () => ({ stream: 'build' as const, text: `${'a'.repeat(5000)}!` })),
  )
  for (const regex of ['(a+)+$', '(a|a)*b', '(x+x+)+y', '--pre=/bin/sh', '-f/etc/passwd']) {
    const started = performance.now()
    expect((await logs.read([target], { match: [{ regex }] })).entries).toEqual([])
    const stop = new AbortController()
    const follow = logs
      .follow([target], { match: [{ regex }] }, { after: { 's_1/e_1': 0 } }, stop.signal)
      [Symbol.asyncIterator]()
    const next = follow.next()
    await logs.append(target, { stream: 'platform', text: 'tick' })
    stop.abort()
    await next
    expect(performance.now() - started).toBeLessThan(5_000)
  }
  await expect(logs.read([target], { match: [{ regex: '(' }] })).rejects.toMatchObject({
    code: 'bad_request',
    field: 'match',
  })
  await expect(
    logs
      .follow([target], { match: [{ regex: '(?=x)' }] }, {}, new AbortController().signal)
      [Symbol.asyncIterator]()
      .next(),
  ).rejects.toMatchObject({ code: 'bad_request' })
  await expect(logs.read([{ serviceId: '../..', environmentId: 'x' }])).rejects.toMatchObject({ code: 'bad_request' })
})

test('several services are merged by time, and each goes on from its own place', async () => {
  const path = folder()
  let now = 1_000
  const logs = await open(path, { now: () => now })
  const targets = ['s_1', 's_2', 's_3'].map((serviceId) => ({ serviceId, environmentId: 'e_1' }))
  for (; now < 1_300; now++) await logs.append(targets[now % 3] ?? target, { stream: 'build', text: String(now) })
  const seen: string[] = []
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page = await logs.read(targets, { limit: 50, ...(cursor && { cursor }) })
    seen.unshift(...texts(page.entries))
    cursor = page.cursor
  }
  expect(seen).toEqual(Array.from({ length: 300 }, (_, index) => String(1_000 + index)))
  const stop = new AbortController()
  for await (const batch of logs.follow(targets, {}, { last: 20 }, stop.signal)) {
    expect(texts(batch)).toEqual(seen.slice(-20))
    break
  }
})

test('a half-written end, as after a loss of power, is cut away and the source read again', async () => {
  const path = folder()
  const first = await open(path)
  await first.attach(source(path))
  appendFileSync(join(path, 'stdout'), 'one\ntwo\n')
  await vi.waitUntil(async () => (await first.lastSeq(target)) === 2)
  await first.close()
  const dir = join(path, 'logs', 's_1', 'e_1')
  const meta = join(dir, readdirSync(dir).find((name) => name.endsWith('.meta')) ?? '')
  appendFileSync(meta, Buffer.alloc(75))
  appendFileSync(meta.replace('.meta', '.text'), 'torn')
  appendFileSync(join(path, 'stdout'), 'three\n')
  const again = await open(path)
  await again.attach(source(path))
  await again.detach('i_1', { drain: true })
  expect(records(await all(again)).map((entry) => [entry.seq, entry.text])).toEqual([
    [1, 'one'],
    [2, 'two'],
    [3, 'three'],
  ])
})

test('a line whose text the disk lost, though not its length, is read again', async () => {
  const path = folder()
  const first = await open(path)
  await first.attach(source(path))
  appendFileSync(join(path, 'stdout'), 'one\ntwo\n')
  await vi.waitUntil(async () => (await first.lastSeq(target)) === 2)
  await first.close()
  const dir = join(path, 'logs', 's_1', 'e_1')
  const text = join(dir, readdirSync(dir).find((name) => name.endsWith('.text')) ?? '')
  const { size } = statSync(text)
  truncateSync(text, size - 'wo\n'.length)
  truncateSync(text, size)
  appendFileSync(join(path, 'stdout'), 'three\n')
  const again = await open(path)
  await again.attach(source(path))
  await again.detach('i_1', { drain: true })
  expect(records(await all(again)).map((entry) => [entry.seq, entry.text])).toEqual([
    [1, 'one'],
    [2, 'two'],
    [3, 'three'],
  ])
})

test('killed between making a new segment and writing to it, a source goes on where it was', async () => {
  const path = folder()
  const first = await open(path)
  await first.attach(source(path))
  appendFileSync(join(path, 'stdout'), 'one\ntwo\n')
  await vi.waitUntil(async () => (await first.lastSeq(target)) === 2)
  await first.close()
  const next = join(path, 'logs', 's_1', 'e_1', '0000000000000003')
  writeFileSync(`${next}.text`, '')
  writeFileSync(`${next}.meta`, '')
  appendFileSync(join(path, 'stdout'), 'three\n')
  for (const lives of [1, 2]) {
    const again = await open(path)
    await again.attach(source(path))
    appendFileSync(join(path, 'stdout'), `life ${lives}\n`)
    await vi.waitUntil(async () => (await again.lastSeq(target)) === 3 + lives)
    await again.close()
  }
  const last = await open(path)
  expect(texts(await all(last))).toEqual(['one', 'two', 'three', 'life 1', 'life 2'])
})

test('deleting a service leaves nothing of its log, and ends its followers', async () => {
  const path = folder()
  const logs = await open(path)
  await logs.attach(source(path))
  appendFileSync(join(path, 'stdout'), 'one\n')
  await vi.waitUntil(async () => (await logs.lastSeq(target)) === 1)
  const follow = logs.follow([target], {}, {}, new AbortController().signal)[Symbol.asyncIterator]()
  const next = follow.next()
  await logs.delete('s_1')
  expect((await next).done).toBe(true)
  expect(readdirSync(join(path, 'logs'))).toEqual([])
  // A line or a reader that comes late does not create it again.
  await expect(logs.lastSeq(target)).rejects.toMatchObject({ code: 'not_found' })
  await expect(logs.append(target, { stream: 'platform', level: 'info', text: 'late' })).rejects.toMatchObject({
    code: 'not_found',
  })
  expect(readdirSync(join(path, 'logs'))).toEqual([])
})

test(
  'the disk behind what is stored is given back while the service goes on writing',
  { timeout: 30_000 },
  async () => {
    const path = folder()
    const logs = await open(path)
    await logs.attach(source(path))
    const lot = `${'y'.repeat(999)}\n`.repeat(5_000)
    const blocks = () => statSync(join(path, 'stdout')).blocks * 512
    for (let lots = 1; lots <= 8; lots++) {
      appendFileSync(join(path, 'stdout'), lot)
      await vi.waitUntil(async () => (await logs.lastSeq(target)) === lots * 5_000, { timeout: 5_000 })
    }
    await vi.waitUntil(() => {
      appendFileSync(join(path, 'stdout'), 'more\n')
      return blocks() < 20e6
    })
    expect(statSync(join(path, 'stdout')).size).toBeGreaterThan(40e6)
  },
)

test('counts lines over time without reading them, also of more entries than are read at once', async () => {
  const path = folder()
  let now = 1_000_000
  const logs = await open(path, { now: () => now, segmentBytes: 2 ** 20 })
  const say = async (count: number) => {
    await logs.append(
      target,
      Array.from({ length: count }, (_, index) => ({
        stream: 'platform' as const,
        level: 'info' as const,
        text: `line ${index}`,
      })),
    )
  }
  await say(3)
  now += 60_000
  await say(9_000)
  now += 60_000
  await say(5)
  expect(await logs.volume([target], { since: 1_000_000, until: 1_180_000, steps: 3 })).toEqual({
    from: 1_000_000,
    to: 1_180_000,
    counts: [3, 9_000, 5],
    complete: true,
  })
  expect(await logs.volume([target], { since: null, until: 1_180_000, steps: 1 })).toMatchObject({
    from: 1_000_000,
    counts: [9_008],
  })
  expect(await logs.volume([target], { since: 1_060_000, until: 1_070_000, steps: 2 })).toMatchObject({
    counts: [9_000, 0],
  })
})

test('a line whose only field is its trace is found by it', async () => {
  const path = folder()
  const logs = await open(path)
  await logs.attach(source(path))
  appendFileSync(join(path, 'stdout'), '{"msg":"priced","trace":"abc123"}\nplain\n')
  await vi.waitFor(async () => expect(records(await all(logs))).toHaveLength(2))
  expect(texts(await all(logs, { trace: 'abc123' }))).toEqual(['priced'])
  expect(texts(await all(logs, { match: [{ text: 'abc123' }] }))).toEqual(['priced'])
})

test(
  'a page and the newest lines of a log that is followed are bounded in bytes, and the rest follows',
  { timeout: 60_000 },
  async () => {
    const path = folder()
    const logs = await open(path)
    await logs.attach(source(path))
    const count = 700
    for (let n = 0; n < count; n++) appendFileSync(join(path, 'stdout'), `${n} ${'x'.repeat(60_000)}\n`)
    await expect
      .poll(
        async () =>
          (await logs.read([target], { order: 'older', limit: 1 })).entries.map((entry) =>
            entry.kind === 'record' ? entry.text.split(' ')[0] : '',
          ),
        { timeout: 30_000 },
      )
      .toEqual([`${count - 1}`])
    const bytesOf = (entries: readonly StoredEntry[]) =>
      records(entries).reduce((sum, { text }) => sum + text.length, 0)
    const page = await logs.read([target], { order: 'older', limit: 10_000 })
    expect(bytesOf(page.entries)).toBeLessThan(17 << 20)
    expect(page.cursor).not.toBeNull()
    const stop = new AbortController()
    for await (const batch of logs.follow([target], {}, { last: 10_000 }, stop.signal)) {
      expect(bytesOf(batch)).toBeGreaterThan(1 << 20)
      expect(bytesOf(batch)).toBeLessThan(34 << 20)
      stop.abort()
    }
    expect(records(await all(logs)).map(({ text }) => Number(text.split(' ')[0]))).toEqual(
      Array.from({ length: count }, (_, n) => n),
    )
  },
)
