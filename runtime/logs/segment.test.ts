import { appendFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { openLogs } from './logs.ts'
import { listSegments, SegmentReader } from './segment.ts'

const target = { serviceId: 's_1', environmentId: 'e_1' }

test('two that read a segment at the same time learn the same of its sources, though one goes further', async () => {
  const path = await mkdtemp(join(tmpdir(), 'm3o-segment-'))
  await using cleanup = new AsyncDisposableStack()
  cleanup.defer(() => rm(path, { recursive: true, force: true }))
  const logs = await openLogs({ dir: join(path, 'logs'), warn: (message) => expect.fail(message) })
  cleanup.defer(() => logs.close())
  for (const instanceId of ['i_1', 'i_2', 'i_3']) {
    const files = { stdout: join(path, `${instanceId}.out`), stderr: join(path, `${instanceId}.err`) }
    for (const file of Object.values(files)) await writeFile(file, '')
    await logs.attach({ ...target, instanceId, revision: 'r1', files })
    await appendFile(files.stdout, `of ${instanceId}\n`)
    await vi.waitUntil(async () =>
      (await logs.read([target], { order: 'newer', limit: 100 })).entries.some(
        (entry) => entry.kind === 'record' && entry.text === `of ${instanceId}`,
      ),
    )
  }
  const folder = (await readdir(join(path, 'logs'), { recursive: true })).find((name) => name.endsWith('.meta')) ?? ''
  const [segment] = await listSegments(join(path, 'logs', folder, '..'))
  if (segment === undefined) throw new Error('there is no segment')
  await using early = (await SegmentReader.open(segment)) as SegmentReader
  await using late = (await SegmentReader.open(segment)) as SegmentReader
  const read = late.readMeta.bind(late)
  const held = Promise.withResolvers<void>()
  late.readMeta = async (from, to) => {
    const meta = await read(from, to)
    await held.promise
    return meta
  }
  const all = late.sources(segment.entries)
  await early.sources(1)
  held.resolve()
  expect([...(await all).values()].map((label) => label.instanceId)).toEqual(
    expect.arrayContaining(['i_1', 'i_2', 'i_3']),
  )
})
