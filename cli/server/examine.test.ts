import { once } from 'node:events'
import { createServer } from 'node:http'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { examineHome, examineParent } from './examine.ts'
import { prepareHome } from './home.ts'
import { identify } from './identity.ts'
import { writePidFile } from './pid-file.ts'

test('a platform that does not respond is looked at by its folder: what runs, what does not, and the last that it said', async () => {
  await using cleanup = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'm3o-examine-'))
  cleanup.defer(() => rm(folder, { recursive: true }))
  const environment = { M3O_HOME: join(folder, 'home') }
  expect(await examineHome(environment)).toEqual([
    {
      name: 'home',
      state: 'bad',
      says: expect.stringContaining('no platform has data in'),
      fix: expect.stringContaining('m3o server'),
    },
  ])

  const home = prepareHome(environment.M3O_HOME)
  const own = identify(process.pid)
  if (own === undefined) throw new Error('this process has no identity')
  writePidFile(join(home.run, 'gateway.pid'), { ...own, stamp: '' })
  writePidFile(join(home.run, 'parent.pid'), { ...own, start: '1', stamp: '' })
  await writeFile(join(home.logs, 'web.log'), 'starting\nError: port 4000 is taken\n')
  const found = Object.fromEntries((await examineHome(environment)).map((check) => [check.name, check]))
  expect(Object.keys(found)).toEqual(['parent', 'postgres', 'runtime', 'gateway', 'web', 'disk'])
  expect(found.parent).toMatchObject({ state: 'bad', fix: expect.stringContaining('m3o server') })
  expect(found.gateway).toMatchObject({
    state: 'bad',
    says: `pid ${process.pid} runs, but does not respond`,
    fix: expect.stringContaining(`kill -KILL ${process.pid}, then m3o server`),
  })
  const server = createServer((_, response) => response.end()).listen(join(home.run, 'gateway.sock'))
  cleanup.defer(() => void server.close())
  await once(server, 'listening')
  expect(await examineHome(environment)).toContainEqual({
    name: 'gateway',
    state: 'ok',
    says: `pid ${process.pid}`,
    fix: null,
  })
  expect(found.web).toMatchObject({ state: 'bad', says: expect.stringContaining('port 4000 is taken') })
  expect(
    Object.keys(
      Object.fromEntries(
        (await examineHome({ ...environment, DATABASE_URL: 'postgres://db/m3o' })).map(({ name }) => [name, 0]),
      ),
    ),
  ).not.toContain('postgres')

  // One that answers well, with nobody who would start again what ends.
  expect(examineParent(environment, 'http://127.0.0.1:4000')).toBeUndefined()
  await writeFile(join(home.run, 'ports'), '{"web":4000,"gateway":8080}\n')
  expect(examineParent(environment, 'http://127.0.0.1:4000')).toMatchObject({
    name: 'parent',
    state: 'warn',
    fix: expect.stringContaining('m3o server'),
  })
  expect(examineParent(environment, 'http://127.0.0.1:4001')).toBeUndefined()
  writePidFile(join(home.run, 'parent.pid'), { ...own, stamp: '' })
  expect(examineParent(environment, 'http://127.0.0.1:4000')).toBeUndefined()
})
