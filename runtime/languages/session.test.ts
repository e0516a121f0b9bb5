import { EventEmitter } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { duplexPair, PassThrough } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeLine, LineReader } from './lines.ts'
import type { Program } from './program.ts'
import { Session } from './session.ts'

const mebibyte = 1 << 20
let lib: string
beforeAll(async () => {
  lib = await mkdtemp(join(tmpdir(), 'm3o-session-'))
  await writeFile(join(lib, 'big.d.ts'), 'x'.repeat(mebibyte))
})
afterAll(() => rm(lib, { recursive: true, force: true }))

function start(patienceMs: number) {
  const child = Object.assign(new EventEmitter(), {
    stdin: new PassThrough(),
    stdout: new PassThrough(),
    kill: () => child.emit('close'),
  })
  const [mine, theirs] = duplexPair()
  const written = { bytes: 0 }
  const write = theirs.write.bind(theirs) as (line: string) => boolean
  theirs.write = ((line: string) => {
    written.bytes += line.length
    return write(line)
  }) as typeof theirs.write
  mine.on('error', () => {})
  const session = new Session(
    { child, layout: { app: '/app', types: '/types', lib }, hosts: [{ inside: lib, host: lib }] } as unknown as Program,
    theirs,
    patienceMs,
  )
  const ask = (count: number) => {
    for (let id = 0; id < count; id++)
      mine.write(encodeLine({ id, method: 'm3o/read', params: { uri: 'bundled:///libs/big.d.ts' } }))
  }
  return { child, mine, written, ask, served: session.run([]) }
}

test('an editor that asks for declarations and takes none is ended, with a few of them in memory', async () => {
  const { written, ask, served } = start(100)
  ask(900)
  await served
  expect(written.bytes).toBeLessThan(3 * mebibyte)
})

test('of many reads at once some are answered, and the others are refused', async () => {
  const { child, mine, ask, served } = start(60_000)
  const reader = new LineReader()
  const answers: { id?: number; result?: { text: string }; error?: { message: string } }[] = []
  mine.on('data', (chunk: Buffer) => {
    answers.push(...(reader.push(chunk) as typeof answers).filter(({ id }) => id !== undefined))
  })
  ask(200)
  await expect.poll(() => answers.length, { timeout: 20_000 }).toBe(200)
  expect(answers.filter(({ result }) => result?.text.length === mebibyte).length).toBeGreaterThanOrEqual(32)
  expect(answers.filter(({ error }) => error !== undefined).length).toBeGreaterThan(0)
  child.kill()
  await served
})

test('an editor whose message is nested too deep is ended', async () => {
  const { mine, served } = start(60_000)
  mine.resume()
  mine.write(`${'['.repeat(5_000)}${']'.repeat(5_000)}\n`)
  await served
})
