import { randomBytes } from 'node:crypto'
import { request } from 'node:http'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { platformActor, rpcHeader } from '#contract/rpc.ts'
import { answering, startPlatform, type TestPlatform } from '#e2e/platform/platform.ts'
import { eventually } from '../engines/conformance.ts'

let platform: TestPlatform
let service: { serviceId: string; environmentId: string }
beforeAll(async () => {
  platform = await startPlatform({ M3O_TEAM_DISK: '32MB' })
  const { serviceId } = await platform.upload('small', answering('small'))
  service = { serviceId, environmentId: platform.production }
}, 60_000)
afterAll(() => platform[Symbol.asyncDispose](), 60_000)

/** What git's client would be told at the beginning of a push. */
function beginPush(): Promise<string> {
  const actor = encodeURIComponent(JSON.stringify({ ...platformActor, id: platform.userId }))
  return new Promise((resolve, reject) => {
    request(
      {
        socketPath: join(platform.home.run, 'runtime.sock'),
        path: `/git/${service.serviceId}/info/refs?service=git-receive-pack`,
        headers: { [rpcHeader.actor]: actor, 'm3o-may-write': '1' },
      },
      (response) => {
        let text = ''
        response
          .setEncoding('latin1')
          .on('data', (part: string) => (text += part))
          .on('end', () => resolve(text))
      },
    )
      .on('error', reject)
      .end()
  })
}

const save = (text: string) =>
  platform.rpc.call('source.save', { ...service, userId: platform.userId, path: 'notes.md', text, expected: null })

test('a team beyond its room uploads, pushes, saves and builds nothing more, and is told why; what it has runs on', async () => {
  expect(await beginPush()).not.toContain('ERR ')
  await platform.upload('large', { ...answering('large'), 'large.bin': randomBytes(40 << 20).toString('latin1') })
  const full = {
    code: 'disk_full',
    message: expect.stringMatching(/^the team has used up its room on the disk: \d+ MiB of 32 MiB$/) as string,
    fix: expect.stringContaining('M3O_TEAM_DISK') as string,
  }
  await eventually(async () =>
    expect(await beginPush()).toMatch(/ERR the team has used up its room on the disk: \d+ MiB of 32 MiB\. Delete/),
  )
  await expect(platform.upload('small', answering('more'))).rejects.toMatchObject(full)
  await expect(platform.upload('another', answering('another'))).rejects.toMatchObject(full)
  await expect(save('x')).rejects.toMatchObject(full)
  const stream = Readable.from([Buffer.from('x')])
  await expect(
    platform.rpc.upload(
      'source.upload',
      { ...service, userId: platform.userId, path: 'x.bin', expected: null },
      stream,
    ),
  ).rejects.toMatchObject(full)
  expect((await platform.call('small')).body).toBe('small')
  const { deploymentId } = await platform.rpc.call('deployments.restart', service)
  expect(await platform.settled(deploymentId)).toMatchObject({ state: 'live' })
}, 90_000)
