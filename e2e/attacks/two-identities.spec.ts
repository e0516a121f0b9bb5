import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Browser } from '../../server/testing/browser.ts'
import { expect, test } from '../browser/test.ts'
import { admin } from '../stack/stack.ts'
import { postJson, rawRequest } from './raw-request.ts'

const evil = 'http://evil.example'
const json = { 'content-type': 'application/json' }
const rename = '/api/trpc/person.rename'

test('a page of another origin changes nothing, whatever headers it adds', async ({ stack }) => {
  const browser = new Browser(stack.url)
  await browser.signIn(admin.email, admin.password)
  const { cookie } = browser
  const me = async () =>
    ((await (await browser.fetch('/api/trpc/person.me')).json()) as { result: { data: { person: { name: string } } } })
      .result.data.person.name
  const before = await me()
  for (const authorization of [
    '',
    ' ',
    'x',
    'Basic',
    'Bearer',
    'Bearer ',
    'Basic Og==',
    'Bearer m3o_nothing',
    'Negotiate abc',
    'Bearer a b',
  ]) {
    for (const origin of [evil, stack.url]) {
      const { status } = await postJson(stack.url, rename, '{"name":"Eve"}', { cookie, authorization, origin })
      expect([400, 401, 403], `${JSON.stringify(authorization)} from ${origin}`).toContain(status)
    }
  }
  expect((await postJson(stack.url, rename, '{"name":"Eve"}', { cookie, origin: evil })).status).toBe(403)
  expect((await postJson(stack.url, rename, '{"name":"Eve"}', { cookie, 'sec-fetch-site': 'cross-site' })).status).toBe(
    403,
  )
  expect(await me()).toBe(before)
})

test('one request has one identity, at every door', async ({ stack, shell }) => {
  const browser = new Browser(stack.url)
  await browser.signIn(admin.email, admin.password)
  const { cookie } = browser
  const { platforms } = JSON.parse(await readFile(join(shell.folder, '.config/m3o/config.json'), 'utf8')) as {
    platforms: Record<string, { token: string }>
  }
  const token = platforms[stack.url]?.token ?? ''
  const doors = [
    ['GET', '/api/trpc/person.me'],
    ['POST', '/api/calls?team=demo&environment=production&service=hello&path=/Hello'],
    ['POST', '/api/upload/deploy?team=demo&environment=production&service=forged'],
    ['PUT', '/api/upload/file?team=demo&environment=production&service=hello&path=x'],
    ['GET', '/api/raw?team=demo&environment=production&service=hello&path=m3o.json'],
    ['GET', '/api/logs?team=demo&environment=production'],
    ['GET', '/git/demo/hello.git/info/refs?service=git-upload-pack'],
    ['GET', '/handover?host=x'],
    ['GET', '/metrics'],
    ['GET', '/api/auth/session'],
    ['POST', '/api/auth/signout'],
    ['GET', '/demo/production'],
  ] as const
  for (const [method, path] of doors) {
    for (const authorization of [`Bearer ${token}`, '']) {
      const { status, text } = await rawRequest(stack.url, path, {
        method,
        headers: { cookie, authorization, origin: stack.url, ...(method === 'POST' && json) },
      })
      expect([
        path,
        authorization === '' ? [400, 401].includes(status) : status === 400,
        text.includes('Authorization'),
      ]).toEqual([path, true, true])
    }
  }
  // Each by itself is good, and an unrelated cookie is none.
  expect((await rawRequest(stack.url, '/api/trpc/person.me', { headers: { cookie } })).status).toBe(200)
  expect(
    (
      await rawRequest(stack.url, '/api/trpc/person.me', {
        headers: { authorization: `Bearer ${token}`, cookie: 'theme=dark' },
      })
    ).status,
  ).toBe(200)
  for (const path of [
    '/live/?EIO=4&transport=websocket',
    '/api/laptop?team=demo&environment=production&service=hello',
  ]) {
    const upgrade = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    }
    const { status } = await rawRequest(stack.url, path, {
      headers: { ...upgrade, cookie, authorization: `Bearer ${token}` },
    })
    expect([path, status]).toEqual([path, 400])
  }
})
