/**
 * How fast a log of LINES lines is searched, beside ripgrep alone over the same bytes: `node bench/logs-search.ts [LINES]`. Reach, in
 * 10,000,000 lines: a rare word within 1.5 s, the newest 200 of a common one within 50 ms.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, openSync, closeSync, rmSync, writeSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rgPath } from '@vscode/ripgrep'
import type { LogPageQuery } from '#contract/logs.ts'
import { openLogs } from '#runtime/logs/logs.ts'

const count = Number(process.argv[2] ?? 10_000_000)
const folder = mkdtempSync(join(tmpdir(), 'm3o-bench-search-'))
/** Milliseconds, for so many lines. */
const reach: Record<string, number> = {
  'newest 200 of a common word': 50,
  'a rare word, all of it': Math.max(50, (1_500 * count) / 10_000_000),
}
const target = { serviceId: 's_1', environmentId: 'e_1' }
const source = join(folder, 'stdout')
try {
  const file = openSync(source, 'w')
  for (let index = 0; index < count;) {
    let lot = ''
    for (const end = Math.min(count, index + 1000); index < end; index++) {
      const rare = index === Math.floor(count / 10) ? ' needle-in-haystack' : ''
      lot += `${index % 1000 === 0 ? 'ERROR' : 'INFO'} request ${index} GET /v1/hello/Hello?name=ann from 10.0.0.${index % 250} 200 in ${index % 97} ms${rare}\n`
    }
    writeSync(file, lot)
  }
  closeSync(file)
  const logs = await openLogs({
    dir: join(folder, 'logs'),
    warn: console.error,
    quotaBytes: Infinity,
    retention: () => ({ maxBytes: Infinity, maxAgeMs: Infinity }),
    pace: { linesPerSecond: Infinity, bytesPerSecond: Infinity, burstSeconds: 1 },
  })
  await logs.attach({ ...target, instanceId: 'i_1', revision: 'r1', files: { stdout: source } })
  await logs.detach('i_1', { drain: true })

  const searches: Record<string, LogPageQuery> = {
    'newest 200': {},
    'newest 200 of a common word': { match: [{ text: 'hello' }] },
    'newest 200 of a common expression': { match: [{ regex: 'in \\d7 ms$' }] },
    'newest 200 without a common word': { match: [{ text: '/v1/hello', not: true }, { text: 'ms' }], limit: 200 },
    'newest 200 errors': { level: 'error' },
    'a rare word, all of it': { match: [{ text: 'needle-in-haystack' }] },
    'a rare expression, all of it': { match: [{ regex: 'needle-[a-z]+-haystack$' }] },
    'a word that is not there': { match: [{ text: 'nowhere to be found' }] },
  }
  const dir = join(folder, 'logs', 's_1', 'e_1')
  const files = readdirSync(dir)
    .filter((name) => name.endsWith('.text'))
    .map((name) => join(dir, name))
  const ripgrep = median(() =>
    spawnSync(rgPath, [
      '--no-config',
      '--text',
      '--ignore-case',
      '--fixed-strings',
      '-e',
      'needle-in-haystack',
      '--',
      ...files,
    ]),
  )
  console.log(
    `${count.toLocaleString('en')} lines in ${files.length} segments; ripgrep alone over all of it: ${(await ripgrep).toFixed(0)} ms`,
  )
  for (const [name, query] of Object.entries(searches)) {
    let found = 0
    const ms = await median(async () => {
      const page = await logs.read([target], { budgetMs: 30_000, ...query })
      found = page.entries.length
      if (!page.complete) throw new Error(`${name} was not complete`)
    })
    const most = reach[name]
    if (most !== undefined && ms > most) process.exitCode = 1
    console.log(
      `${name.padEnd(36)}${ms.toFixed(1).padStart(9)} ms  ${String(found).padStart(4)} found  ratio to ripgrep over all ${(ms / (await ripgrep)).toFixed(2)}${most === undefined ? '' : `  ${(ms / most).toFixed(2)} of ${Math.round(most)} ms${ms > most ? '  MISSED' : ''}`}`,
    )
  }
  await logs.close()
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function median(work: () => unknown): Promise<number> {
  const times: number[] = []
  for (let round = 0; round < 5; round++) {
    const started = performance.now()
    await work()
    times.push(performance.now() - started)
  }
  return times.sort((a, b) => a - b)[2] ?? 0
}
