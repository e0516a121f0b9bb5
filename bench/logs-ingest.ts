/**
 * How fast lines that a service has written are stored (numbered, synced, levels found), as a ratio to a plain loop of
 * readline and append in the same run: `node bench/logs-ingest.ts [LINES]`. The cap of a single log is lifted for it. Reach: 100,000
 * lines for each second of a processor, whatever they are, and with secrets to mask.
 */
import { createReadStream, mkdtempSync, openSync, closeSync, rmSync, statSync, writeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { openLogs } from '#runtime/logs/logs.ts'

const reach = 100_000
const count = Number(process.argv[2] ?? 1_000_000)
const folder = mkdtempSync(join(tmpdir(), 'm3o-bench-logs-'))
const kinds = {
  plain: (index: number) =>
    `2026-11-23T10:00:00.${index % 1000}Z request ${index} GET /v1/hello/Hello?name=ann 200 in ${index % 97} ms\n`,
  json: (index: number) =>
    `{"level":30,"time":1795478173700,"pid":1,"msg":"request ${index}","method":"GET","path":"/v1/hello/Hello","ms":${index % 97}}\n`,
}
const noPace = { linesPerSecond: Infinity, bytesPerSecond: Infinity, burstSeconds: 1 }

try {
  for (const [kind, line] of Object.entries(kinds)) {
    const path = join(folder, kind)
    write(path, line)
    const bytes = statSync(path).size
    const plain = await timed(() => readAndAppend(path, join(folder, `${kind}.copy`)))
    const ours = await timed(() => ingest(path, kind, []))
    // The first run gave the file's disk back behind itself.
    write(path, line)
    const masking = await timed(() =>
      ingest(
        path,
        `${kind}-masked`,
        Array.from({ length: 20 }, (_, index) => `secret-value-number-${index}`),
      ),
    )
    for (const [name, used] of [
      ['ours', ours],
      ['ours, 20 secrets', masking],
      ['readline + append', plain],
    ] as const) {
      const rate = count / used.seconds
      const perCore = count / used.cpuSeconds
      const missed = name.startsWith('ours') && perCore < reach
      if (missed) process.exitCode = 1
      console.log(
        `${kind.padEnd(6)}${name.padEnd(20)}${Math.round(rate).toLocaleString('en').padStart(10)} lines/s ${(bytes / used.seconds / 1e6).toFixed(0).padStart(5)} MB/s  ` +
          `${(perCore / 1000).toFixed(0).padStart(5)}k lines a second of CPU${name.startsWith('ours') ? `, ${(perCore / reach).toFixed(2)} of the reach` : ''}  ratio ${(plain.seconds / used.seconds).toFixed(2)}${missed ? '  MISSED' : ''}`,
      )
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function write(path: string, line: (index: number) => string): void {
  const file = openSync(path, 'w')
  for (let index = 0; index < count;) {
    let lot = ''
    for (const end = Math.min(count, index + 1000); index < end; index++) lot += line(index)
    writeSync(file, lot)
  }
  closeSync(file)
}

async function timed(work: () => Promise<void>): Promise<{ seconds: number; cpuSeconds: number }> {
  const started = performance.now()
  const cpu = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(cpu)
  return { seconds: (performance.now() - started) / 1000, cpuSeconds: (user + system) / 1e6 }
}

async function ingest(path: string, name: string, mask: string[]): Promise<void> {
  const logs = await openLogs({ dir: join(folder, 'logs'), pace: noPace, quotaBytes: Infinity, warn: console.error })
  const target = { serviceId: `s_${name}`, environmentId: 'e_1' }
  await logs.attach({ ...target, instanceId: 'i_1', revision: 'r1', files: { stdout: path }, mask })
  await logs.detach('i_1', { drain: true })
  if ((await logs.lastSeq(target)) !== count) throw new Error(`stored ${await logs.lastSeq(target)} of ${count}`)
  await logs.close()
}

async function readAndAppend(path: string, to: string): Promise<void> {
  const file = await open(to, 'a')
  let lot = ''
  let seq = 0
  for await (const line of createInterface({ input: createReadStream(path) })) {
    lot += `${++seq} ${line}\n`
    if (lot.length < 65_536) continue
    await file.write(lot)
    lot = ''
  }
  await file.write(lot)
  await file.datasync()
  await file.close()
}
