import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { duplexPair } from 'node:stream'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { PlatformError } from '#contract/errors.ts'
import type { PlatformEvent } from '#contract/records.ts'
import { trustOf } from '../builds/trust.ts'
import { openSource, type Source } from '../source/source.ts'
import { Languages } from './languages.ts'
import { encodeLine, LineReader } from './lines.ts'

const draft = { serviceId: 's_1', environmentId: 'e_1', userId: 'u_1' }
const key = { serviceId: 's_1', userId: 'u_1', environment: 'e_1', branches: ['main'] }
const hello = new URL('../../templates/hello/', import.meta.url).pathname

let home: string
let source: Source
let languages: Languages
let listeners: ((event: PlatformEvent) => void)[] = []
const open = new Set<ReturnType<typeof openEditor>>()

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'm3o-languages-'))
  source = openSource({ home })
  const files = await Promise.all(
    (await readdir(hello)).map(async (path) => ({ path, content: await readFile(join(hello, path)) })),
  )
  await source.repositories.create({ serviceId: 's_1', files, author: { name: 'Ada', email: 'ada@example.com' } })
  languages = new Languages({
    home,
    source,
    most: 3,
    events: {
      listen: (listener) => {
        listeners.push(listener)
        return () => {
          listeners = []
        }
      },
    },
    log: {
      info: () => {},
      warn: (data, message) => {
        throw new Error(message, { cause: data })
      },
    },
    install: async ({ key, given }, { trust }) => {
      if (given['package.json']?.includes('nowhere'))
        throw new PlatformError('build_failed', 'package "nowhere" does not exist in the registry')
      const folder = join(home, 'cache/modules', trust.own, key, 'node_modules/answers')
      await mkdir(folder, { recursive: true })
      await writeFile(join(folder, 'index.d.ts'), 'export declare const answer: number\n')
    },
    helper: async () => ({ groups: [], uid: undefined, seccompFile: undefined, end: async () => {} }),
    look: async () => ({
      tree: (await source.drafts.open(key)).tree,
      teamId: 't_1',
      trust: trustOf([{ id: 'e_1', teamId: 't_1', kind: 'production', protection: null }]),
    }),
  })
})

afterEach(() => open.forEach((editor) => editor.leave()))
afterAll(async () => {
  await languages.close()
  await source.close()
  await rm(home, { recursive: true, force: true })
})

interface Message {
  id?: number
  method?: string
  params?: Record<string, unknown>
  result?: unknown
}

/** An editor, as far as the server sees: asks, answers what it is asked, remembers what it is told. */
function openEditor() {
  const [mine, theirs] = duplexPair()
  const reader = new LineReader()
  const told: Message[] = []
  const waiting = new Map<number, (result: unknown) => void>()
  const wanted: { fits: (message: Message) => boolean; take: (message: Message) => void }[] = []
  let count = 0
  const send = (message: object) => void mine.write(encodeLine({ jsonrpc: '2.0', ...message }))
  mine.on('data', (chunk: Buffer) => {
    for (const message of reader.push(chunk) as Message[]) {
      if (message.method !== undefined && message.id !== undefined)
        send({ id: message.id, result: message.method === 'workspace/configuration' ? [null] : null })
      else if (message.id !== undefined) waiting.get(message.id)?.(message.result)
      else told.push(message)
      for (const each of wanted) if (each.fits(message)) each.take(message)
    }
  })
  mine.on('error', () => {})
  const served = languages.serve(draft, () => theirs)
  const editor = {
    served,
    send,
    ask: <T>(method: string, params: unknown) =>
      new Promise<T>((resolve) => {
        waiting.set(++count, resolve as (result: unknown) => void)
        send({ id: count, method, params })
      }),
    hear: (method: string) =>
      new Promise<Message>((take) => {
        const before = told.find((message) => message.method === method)
        if (before) take(before)
        else wanted.push({ fits: (message) => message.method === method, take })
      }),
    told: (method: string) => told.filter((message) => message.method === method).map(({ params }) => params),
    async begin() {
      const { params } = await editor.hear('m3o/ready')
      const root = String(params?.root)
      await editor.ask('initialize', {
        processId: null,
        rootUri: root,
        workspaceFolders: [{ uri: root, name: 'app' }],
        capabilities: {
          textDocument: { diagnostic: {} },
          workspace: { didChangeWatchedFiles: { dynamicRegistration: true } },
        },
      })
      send({ method: 'initialized', params: {} })
      return root
    },
    show: (uri: string, text: string) =>
      send({
        method: 'textDocument/didOpen',
        params: { textDocument: { uri, languageId: 'typescript', version: 1, text } },
      }),
    problems: async (uri: string) =>
      (
        await editor.ask<{ items: { code: number; message: string; severity: number }[] }>('textDocument/diagnostic', {
          textDocument: { uri },
        })
      ).items.filter(({ severity }) => severity === 1),
    leave: () => {
      mine.destroy()
      theirs.destroy()
      open.delete(editor)
    },
  }
  open.add(editor)
  return editor
}

test('the hello template has no problem, and a wrong type is one', async () => {
  const editor = openEditor()
  const root = await editor.begin()
  const uri = `${root}/index.ts`
  const text = await readFile(join(hello, 'index.ts'), 'utf8')
  editor.show(uri, text)
  expect(await editor.problems(uri)).toEqual([])
  editor.send({
    method: 'textDocument/didChange',
    params: {
      textDocument: { uri, version: 2 },
      contentChanges: [{ text: text.replace('`Hello ${name}`', '`${name.lenght}`') }],
    },
  })
  expect((await editor.problems(uri)).map(({ code }) => code)).toEqual([2551])
})

test('a file that is saved without being open is seen by the files that are', async () => {
  const editor = openEditor()
  const root = await editor.begin()
  const uri = `${root}/main.ts`
  editor.show(uri, "import { answer } from './answer.ts'\nanswer.toFixed()\n")
  expect((await editor.problems(uri)).map(({ code }) => code)).toEqual([2307])
  await source.drafts.saveFile({
    ...key,
    path: 'answer.ts',
    content: 'export const answer: number = 42\n',
    expectedHash: null,
  })
  for (const listener of listeners) listener({ type: 'draft', teamId: 't_1', ...draft, path: 'answer.ts', by: 'Ada' })
  await expect.poll(async () => (await editor.problems(uri)).length, { timeout: 10_000 }).toBe(0)
})

test('a package that is put into package.json is installed, and the next server knows its types', async () => {
  const editor = openEditor()
  await editor.begin()
  const save = async (name: string, expectedHash: string | null) => {
    const { hash } = await source.drafts.saveFile({
      ...key,
      path: 'package.json',
      content: JSON.stringify({ dependencies: { [name]: '1.0.0' } }),
      expectedHash,
    })
    for (const listener of listeners)
      listener({ type: 'draft', teamId: 't_1', ...draft, path: 'package.json', by: 'Ada' })
    return hash
  }
  const hash = await save('nowhere', null)
  await expect
    .poll(() => editor.told('m3o/install'), { timeout: 10_000 })
    .toEqual([
      { state: 'installing' },
      { state: 'failed', message: 'package "nowhere" does not exist in the registry' },
    ])
  await save('answers', hash)
  await editor.hear('m3o/restart')
  await editor.served
  const next = openEditor()
  const root = await next.begin()
  next.show(`${root}/uses.ts`, "import { answer } from 'answers'\nanswer.lenght\n")
  expect((await next.problems(`${root}/uses.ts`)).map(({ code }) => code)).toEqual([2339])
})

test('a file that nobody has open is checked as well', async () => {
  await source.drafts.saveFile({
    ...key,
    path: 'closed.ts',
    content: 'export const closed: string = 1\n',
    expectedHash: null,
  })
  const editor = openEditor()
  const root = await editor.begin()
  expect((await editor.problems(`${root}/closed.ts`)).map(({ code }) => code)).toEqual([2322])
})

test('declarations can be read, and nothing else', async () => {
  const editor = openEditor()
  const root = await editor.begin()
  const read = async (uri: string) => (await editor.ask<{ text: string | null }>('m3o/read', { uri })).text
  const types = root === 'file:///app' ? 'file:///node_modules' : `${root}/../node_modules`
  expect(await read(`${types}/@m3o/sdk/index.d.ts`)).toContain('export')
  expect(await read('file:///etc/passwd')).toBeNull()
  expect(await read(`${types}/../../../etc/passwd.json`)).toBeNull()
})

test('an editor that leaves takes its server and its folder along', async () => {
  const editor = openEditor()
  await editor.begin()
  expect((await readdir(join(home, 'languages/projects'))).length).toBeGreaterThan(0)
  for (const each of [...open]) each.leave()
  await editor.served
  await expect.poll(() => languages.count).toBe(0)
  await expect.poll(() => readdir(join(home, 'languages/projects'))).toEqual([])
})
