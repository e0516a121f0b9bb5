import { readdir } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { io } from 'socket.io-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, startStand, type Stand } from './testing/stand.ts'
import { codeOf, secretOf } from './testing/matrix/cast.ts'
import type { Viewer } from './web.ts'

/* Holes that platforms like this one have had, each tried here. What the matrix tries of them is told there. */

let stand: Stand
let owner: Viewer
let viewer: Viewer
const password = 'correct horse'
const at = { team: 'demo', environment: 'production', service: 'hello' }
/** What an execution would leave behind. */
const trace = `m3o-hole-${process.pid}`
const payloads = [
  `$(touch /tmp/${trace})`,
  `\`touch /tmp/${trace}\``,
  `; touch /tmp/${trace} #`,
  `| touch /tmp/${trace}`,
  `\ntouch /tmp/${trace}\n`,
  `' && touch /tmp/${trace} && '`,
  `--upload-pack=touch /tmp/${trace}`,
  `--output=/tmp/${trace}`,
  `ext::sh -c 'touch /tmp/${trace}'`,
]

beforeAll(async () => {
  stand = await startStand()
  owner = await stand.viewerOf(
    (await stand.web.setup.run(stand.setupCode, { email: 'owner@example.com', name: 'Owner', password })).person,
  )
  viewer = await stand.viewerOf(
    await stand.web.people.create({ email: 'viewer@example.com', name: 'Viewer', password, operator: false }),
  )
  const { link } = await stand
    .as(owner)
    .invitations.create({ team: 'demo', email: 'viewer@example.com', role: 'viewer' })
  await stand.as(viewer).invitations.accept({ secret: secretOf(link) })
  await stand.as(owner).services.create({ team: 'demo', name: 'hello', template: 'hello' })
  await deploy()
}, 90_000)
afterAll(async () => stand[Symbol.asyncDispose]())

async function deploy(message = 'first') {
  const as = stand.as(owner)
  const { deploymentId } = await as.deployments.start({ ...at, what: { draft: { message } } })
  await eventually(async () => (await as.deployments.get({ team: 'demo', deploymentId })).endedAt !== null)
  return as.deployments.get({ team: 'demo', deploymentId })
}

const executed = async () =>
  (await Promise.all([tmpdir(), '/tmp', process.cwd()].map((folder) => readdir(folder))))
    .flat()
    .filter((name) => name.includes(trace))

test('a name is never a piece of a shell (CVE-2026-27130)', { timeout: 60_000 }, async () => {
  const as = stand.as(owner)
  for (const name of payloads) {
    for (const make of [
      () => as.services.create({ team: 'demo', name, empty: true }),
      () => as.environments.create({ team: 'demo', name }),
      () => as.teams.create({ name }),
      () => as.services.rename({ team: 'demo', service: 'hello', name }),
      () => as.variables.set({ ...at, name, value: 'x' }),
    ])
      expect(await codeOf(make), name).toMatch(/invalid_name|bad_request|not_found/)
  }
  // Where anything may be said, it is only said.
  const [worst = ''] = payloads
  await as.services.update({ team: 'demo', service: 'hello', description: payloads.join(' ') })
  await as.variables.set({ ...at, name: 'WORST', value: payloads.join('\n') })
  await as.source.save({ ...at, path: `${worst.replaceAll('/', '_')}.txt`, text: payloads.join('\n'), expected: null })
  expect((await deploy(payloads.join(' '))).state).toBe('live')
  expect(await executed()).toEqual([])
})

test(
  'a branch, a commit or an address is never an option of git, nor a command (CVE-2026-45628)',
  { timeout: 60_000 },
  async () => {
    const as = stand.as(owner)
    for (const given of payloads) {
      for (const use of [
        () => as.source.diff({ team: 'demo', service: 'hello', from: given, to: given }),
        () => as.source.tree({ ...at, ref: { commit: given } }),
        () => as.source.read({ ...at, ref: { commit: given }, path: given }),
        () => as.source.history({ ...at, before: given }),
        () => as.deployments.start({ ...at, what: { commit: given } }),
        () => as.deployments.rollback({ ...at, to: given }),
      ])
        expect(await codeOf(use), given).not.toBe('ok')
      expect(
        await codeOf(() => as.source.search({ ...at, ref: { draft: true }, query: given, regex: false })),
        given,
      ).toMatch(/ok|bad_request/)
    }
    const { token } = await as.tokens.create({ team: 'demo', name: 'uploads' })
    for (const given of payloads) {
      const upload = await fetch(
        `${stand.settings.url}/api/upload/deploy?${new URLSearchParams({ ...at, base: given, tip: given, message: given }).toString()}`,
        { method: 'POST', headers: { authorization: `Bearer ${token}` }, body: 'x' },
      )
      expect(upload.status, given).toBeGreaterThanOrEqual(400)
      expect(
        (
          await fetch(`${stand.settings.url}/git/demo/hello.git/info/refs?service=${encodeURIComponent(given)}`, {
            headers: { authorization: `Bearer ${token}` },
          })
        ).status,
        given,
      ).toBeGreaterThanOrEqual(400)
    }
    expect(await executed()).toEqual([])
  },
)

test(
  "a member who may only look gets no shell over a socket, and a shell is nobody's root (Dokploy #4865)",
  { timeout: 60_000 },
  async () => {
    const run = async (secret: string) => {
      const socket = io(stand.settings.url, {
        path: '/live',
        transports: ['websocket'],
        forceNew: true,
        reconnection: false,
        auth: { token: secret },
      })
      let text = ''
      socket.on('bytes', (_id: string, _kind: string, bytes: Uint8Array, ack: () => void) => {
        text += Buffer.from(bytes).toString()
        ack()
      })
      socket.on('items', (_id: string, _items: unknown[], ack: () => void) => ack())
      let ended = false
      socket.on('end', () => {
        ended = true
      })
      const answer = await new Promise<{ ok: boolean; error?: { code: string } }>((resolve) =>
        socket.emit(
          'subscribe',
          'e',
          'exec',
          {
            ...at,
            command: [
              'sh',
              '-c',
              'id -u; cat /root/.ssh/id_rsa /etc/shadow 2>/dev/null; ls /root /home 2>/dev/null; echo end',
            ],
          },
          resolve,
        ),
      )
      if (answer.ok) await eventually(() => ended)
      socket.disconnect()
      return { code: answer.error?.code ?? 'ok', text }
    }
    const tokenOf = async (who: Viewer) => (await stand.as(who).tokens.create({ team: 'demo', name: 'shell' })).token
    expect((await run(await tokenOf(viewer))).code).toBe('forbidden')
    expect(await codeOf(() => stand.as(viewer).terminals.open({ ...at, size: { cols: 80, rows: 24 } }))).toBe(
      'forbidden',
    )
    const own = await run(await tokenOf(owner))
    expect(own.code).toBe('ok')
    const [uid, ...rest] = own.text.trim().split('\n')
    // Where the platform itself runs as root, a sandbox does not.
    if (process.getuid?.() === 0) expect(uid).not.toBe('0')
    expect(rest).toEqual(['end'])
  },
)

test('no name of a log leads out of the logs, and no path of a file out of its tree', async () => {
  const as = stand.as(owner)
  const { token } = await as.tokens.create({ team: 'demo', name: 'reads' })
  for (const name of [
    '../../../../root/.ssh/id_rsa',
    '/root/.ssh/id_rsa',
    '..',
    '.',
    'hello/../../keys',
    `hello\0`,
    '%2e%2e/keys',
  ]) {
    expect(
      await codeOf(() => as.logs.read({ team: 'demo', environment: 'production', services: [name] })),
      name,
    ).toMatch(/not_found|bad_request/)
    for (const path of [
      `/api/logs?${new URLSearchParams({ team: 'demo', environment: 'production', services: name }).toString()}`,
      `/api/raw?${new URLSearchParams({ ...at, path: name }).toString()}`,
      `/git/demo/${name}.git/HEAD`,
      `/git/demo/hello.git/objects/${name}`,
    ]) {
      const answer = await raw(path, token)
      // A path that leads up, once it is tidied, is that of a page, of which there is none.
      if (answer.body !== 'a page') expect(answer.status, path).toBeGreaterThanOrEqual(400)
      expect(answer.body, path).not.toMatch(/PRIVATE KEY|root:x/)
    }
  }
})

function raw(path: string, token: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    // As it is: fetch would tidy the path up.
    request(
      {
        host: '127.0.0.1',
        port: stand.settings.port,
        path: path.replaceAll('\0', '%00'),
        headers: { host: new URL(stand.settings.url).host, authorization: `Bearer ${token}` },
      },
      (answer) => {
        let body = ''
        answer
          .setEncoding('utf8')
          .on('data', (part: string) => {
            body += part
          })
          .once('end', () => resolve({ status: answer.statusCode ?? 0, body }))
      },
    )
      .once('error', reject)
      .end()
  })
}

test("an invitation is its addressee's: nobody else reads its link, takes it, or is made to (CVE-2025-64423)", async () => {
  const as = stand.as(owner)
  const { link } = await as.invitations.create({ team: 'demo', email: 'new@example.com', role: 'admin' })
  const secret = secretOf(link)
  expect(await codeOf(() => stand.as(viewer).invitations.list({ team: 'demo' }))).toBe('forbidden')
  expect(JSON.stringify(await as.invitations.list({ team: 'demo' }))).not.toContain(secret)
  expect(await codeOf(() => stand.as(viewer).invitations.accept({ secret }))).toBe('conflict')
  // Nor by giving one's own address the form of theirs.
  const close = await stand.viewerOf(
    await stand.web.people.create({ email: 'new@example.com.evil.example', name: 'Close', password, operator: false }),
  )
  expect(await codeOf(() => stand.as(close).invitations.accept({ secret }))).toBe('conflict')
  const invited = stand.as(
    await stand.viewerOf(
      await stand.web.people.create({ email: 'NEW@example.com', name: 'New', password, operator: false }),
    ),
  )
  expect(await codeOf(() => invited.invitations.accept({ secret }))).toBe('ok')
  expect(await codeOf(() => invited.invitations.accept({ secret }))).toBe('not_found')
  expect(JSON.stringify(await as.audit.read({ team: 'demo', limit: 500 }))).not.toContain(secret)
})

test('there is no default person or password, and no header that stands for one (CVE-2025-29927)', async () => {
  for (const [email, guess] of [
    ['admin', 'admin'],
    ['admin@example.com', 'admin'],
    ['owner@example.com', ''],
    ['root', 'root'],
    ['admin@localhost', 'password'],
  ] as const) {
    expect((await stand.browser().signIn(email, guess)).status, email).not.toBe(200)
  }
  const headers = {
    'x-middleware-subrequest': 'middleware:middleware:middleware:middleware:middleware',
    'x-forwarded-user': 'owner@example.com',
    'x-forwarded-for': '127.0.0.1',
    'm3o-actor': encodeURIComponent(JSON.stringify(owner.actor)),
    'm3o-caller': 'person="owner@example.com"',
    'x-m3o-path': '/demo',
  }
  for (const path of [
    'person.me',
    'teams.list',
    `services.list?input=${encodeURIComponent(JSON.stringify({ team: 'demo', environment: 'production' }))}`,
  ]) {
    expect((await fetch(`${stand.settings.url}/api/trpc/${path}`, { headers })).status, path).toBe(401)
  }
})

test('nothing secret is in the audit, whoever did what with it', async () => {
  const as = stand.as(owner)
  const canary = 'canary-value-7f3a9'
  await as.variables.set({ ...at, name: 'KEY', value: canary, secret: true })
  await as.variables.set({ ...at, name: 'PLAIN', value: `${canary}-plain` })
  await as.variables.setAll({ ...at, variables: [{ name: 'MANY', value: `${canary}-many`, secret: true }] })
  await as.variables.reveal(at)
  const { token } = await as.tokens.create({ team: 'demo', name: 'audited' })
  const { link } = await as.invitations.create({ team: 'demo', email: 'later@example.com', role: 'viewer' })
  await stand.as(owner).person.changePassword({ current: password, next: `${canary}-password` })
  await as.variables.delete({ ...at, name: 'KEY' })
  const all = JSON.stringify([
    await as.audit.read({ team: 'demo', limit: 500 }),
    await as.audit.platform({ limit: 500 }),
  ])
  for (const secret of [canary, password, token, token.slice(4), secretOf(link)])
    expect(all.includes(secret), secret.slice(0, 8)).toBe(false)
  for (const action of [
    'secret.set',
    'secret.read',
    'token.create',
    'invitation.create',
    'person.changePassword',
    'service.exec',
  ])
    expect(all, action).toContain(`"${action}"`)
  expect((await as.audit.verify({ team: 'demo' })).broken).toBeNull()
})
