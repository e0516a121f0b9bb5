import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import pino from 'pino'
import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'
import { PlatformError } from './errors.ts'
import { call, duplex, stream, upload } from './rpc.ts'
import { createRpcClient } from './rpc-client.ts'
import { createRpcServer, rpcHttpServer } from './rpc-server.ts'
import { listenOnSocket } from './unix-socket.ts'

const api = {
  'sum.of': call(z.object({ values: z.array(z.number()) }), z.object({ sum: z.number(), by: z.string() })),
  'fail.known': call(z.object({}), z.null()),
  'fail.odd': call(z.object({}), z.null()),
  'wait.ever': call(z.object({}), z.null()),
  'count.up': stream(
    z.object({ to: z.number(), failAt: z.number().optional() }),
    z.object({ n: z.number(), pad: z.string() }),
  ),
  'quiet.ever': stream(z.object({}), z.null()),
  'echo.bytes': duplex(z.object({ refuse: z.boolean() })),
  'size.of': upload(z.object({ max: z.number() }), z.object({ size: z.number() })),
}

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function started(folderName = 'm3o-rpc-') {
  const folder = mkdtempSync(join(tmpdir(), folderName))
  closing.push(() => rmSync(folder, { recursive: true }))
  const state = { made: 0, aborted: 0, logged: '' }
  const log = pino(
    { level: 'error' },
    {
      write: (line: string) => {
        state.logged += line
      },
    },
  )
  const until = (signal: AbortSignal) =>
    new Promise<null>((resolve) =>
      signal.addEventListener('abort', () => {
        state.aborted++
        resolve(null)
      }),
    )
  const rpc = createRpcServer(
    api,
    {
      'sum.of': ({ values }, { actor }) => ({ sum: values.reduce((a, b) => a + b, 0), by: actor.name }),
      'fail.known': () => {
        throw new PlatformError('name_taken', 'taken', { fix: 'Choose another.', field: 'name' })
      },
      'fail.odd': () => {
        throw new Error('secret detail')
      },
      'wait.ever': (_, { signal }) => until(signal),
      'count.up': async function* ({ to, failAt }) {
        for (let n = 0; n < to; n++) {
          if (n === failAt) throw new PlatformError('conflict', `no ${n}`)
          state.made++
          yield { n, pad: 'é'.repeat(1000) }
        }
      },
      'quiet.ever': async function* (_, { signal }) {
        await until(signal)
      },
      'echo.bytes': ({ refuse }, at) => {
        if (refuse) throw new PlatformError('forbidden', 'no')
        at.socket.pipe(at.socket)
      },
      'size.of': async ({ max }, { body }) => {
        let size = 0
        for await (const part of body)
          if ((size += (part as Buffer).length) > max) throw new PlatformError('too_large', 'too much')
        return { size }
      },
    },
    { log },
  )
  const server = rpcHttpServer(rpc)
  const path = join(folder, 'it.sock')
  await listenOnSocket(server, path)
  closing.push(
    () =>
      new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      }),
  )
  const client = createRpcClient(api, path)
  closing.push(() => client.close())
  return { client, state, path, server }
}

test('a call carries its input, its actor and its output', async () => {
  const { client } = await started()
  const actor = { kind: 'person', id: 'u_1', name: 'Zoë@x.y' } as const
  expect(await client.call('sum.of', { values: [1, 2, 3] }, { actor })).toEqual({ sum: 6, by: 'Zoë@x.y' })
})

test('a socket whose path is longer than the kernel takes is reached all the same', async () => {
  const { client, path } = await started(`m3o-${'x'.repeat(120)}-`)
  expect(path.length).toBeGreaterThan(108)
  expect((await client.call('sum.of', { values: [1] })).sum).toBe(1)
})

test('errors arrive as they were thrown, and unknown ones as an operation id alone', async () => {
  const { client, state } = await started()
  await expect(client.call('fail.known', {})).rejects.toMatchObject({
    code: 'name_taken',
    fix: 'Choose another.',
    field: 'name',
  })
  const odd: PlatformError = await client.call('fail.odd', {}).then(
    () => {
      throw new Error('no')
    },
    (error) => error,
  )
  expect(odd.code).toBe('internal')
  expect(JSON.stringify(odd)).not.toContain('secret')
  expect(state.logged).toContain('secret detail')
  expect(state.logged).toContain(String(odd.data?.operation))
  // @ts-expect-error the compiler refuses it too
  await expect(client.call('sum.of', { values: ['x'] })).rejects.toMatchObject({
    code: 'bad_request',
    field: 'values.0',
  })
})

test('a process that is away is unavailable, with what to do', async () => {
  const client = createRpcClient(api, join(tmpdir(), 'm3o-nobody-listens.sock'))
  const away = { code: 'unavailable', fix: 'The runtime is restarting. Try again in a moment.' }
  await expect(client.call('sum.of', { values: [] })).rejects.toMatchObject(away)
  await expect(client.stream('count.up', { to: 1 }).next()).rejects.toMatchObject(away)
  await expect(client.duplex('echo.bytes', { refuse: false })).rejects.toMatchObject(away)
  await expect(client.upload('size.of', { max: 1 }, Readable.from(['x']))).rejects.toMatchObject(away)
})

test('a call ends by its time limit and by its signal, and the handler is told', async () => {
  const { client, state } = await started()
  await expect(client.call('wait.ever', {}, { timeoutMs: 20 })).rejects.toMatchObject({ code: 'timeout' })
  await expect(client.call('wait.ever', {}, { signal: AbortSignal.timeout(20) })).rejects.toMatchObject({
    code: 'cancelled',
  })
  await expect.poll(() => state.aborted).toBe(2)
})

test('a stream is not read ahead of its reader, and ends when the reader leaves', async () => {
  const { client, state } = await started()
  const items = client.stream('count.up', { to: 1e9 })
  expect((await items.next()).value?.n).toBe(0)
  for (let last = -1; last !== state.made;) {
    last = state.made
    for (let i = 0; i < 200; i++) await turn()
  }
  expect(state.made).toBeLessThan(5000)
  for (let n = 1; n < 3000; n++) expect((await items.next()).value?.n).toBe(n)
  await items.return()
  const made = state.made
  const quiet = new AbortController()
  const waiting = client.stream('quiet.ever', {}, { signal: quiet.signal }).next()
  setTimeout(() => quiet.abort(), 100)
  await expect(waiting).rejects.toMatchObject({ code: 'cancelled' })
  await expect.poll(() => state.aborted).toBe(1)
  expect(state.made - made).toBeLessThan(5000)
})

test('a stream that fails says so: before its first item, between two, and when its server dies', async () => {
  const { client, server } = await started()
  const seen: number[] = []
  const all = async (failAt: number) => {
    for await (const { n } of client.stream('count.up', { to: 9, failAt })) seen.push(n)
  }
  await expect(all(0)).rejects.toMatchObject({ code: 'conflict' })
  await expect(all(2)).rejects.toMatchObject({ code: 'conflict', message: 'no 2' })
  expect(seen).toEqual([0, 1])
  const waiting = client.stream('quiet.ever', {}).next()
  const timer = setInterval(() => server.closeAllConnections(), 20)
  await expect(waiting).rejects.toMatchObject({ code: 'unavailable' })
  clearInterval(timer)
})

test('a duplex carries bytes both ways, or is refused with its reason', async () => {
  const { client } = await started()
  const socket = await client.duplex('echo.bytes', { refuse: false })
  const got = new PassThrough()
  socket.pipe(got)
  socket.write('hello')
  expect(String((await got[Symbol.asyncIterator]().next()).value)).toBe('hello')
  socket.destroy()
  await expect(client.duplex('echo.bytes', { refuse: true })).rejects.toMatchObject({ code: 'forbidden' })
})

test('an upload streams, and a refusal is heard before the body ends', async () => {
  const { client } = await started()
  const chunk = Buffer.alloc(1 << 20)
  expect(await client.upload('size.of', { max: 1e9 }, Readable.from(Array(40).fill(chunk)))).toEqual({ size: 40 << 20 })
  const endless = Readable.from(
    (function* () {
      for (;;) yield chunk
    })(),
  )
  await expect(client.upload('size.of', { max: 3e6 }, endless)).rejects.toMatchObject({ code: 'too_large' })
  expect(endless.destroyed).toBe(true)
})
