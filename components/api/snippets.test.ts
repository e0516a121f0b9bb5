import { execFileSync } from 'node:child_process'
import { createContext, runInContext } from 'node:vm'
import { expect, test } from 'vitest'
import { type CallRequest, requestOf } from './call-request.ts'
import { script, shell, snippetOf } from './snippets.ts'

const place = {
  gateway: 'http://127.0.0.1:8080',
  team: 'demo',
  service: 'shop',
  environment: 'production',
  stream: false,
}
const hostile = [
  "it's",
  '"quoted"',
  '$(touch /tmp/owned)',
  '`id`',
  '${process.exit(1)}',
  'a\nb',
  '\\',
  "\\'",
  "'; process.exit(1); '",
  '</script>',
  '\u2028',
  '-rf',
  '!history',
  '*',
  '',
  '\t',
  '%0a',
]

test('a word of the shell is what was typed', () => {
  for (const text of hostile)
    expect(execFileSync('sh', ['-c', `printf %s ${shell(text)}`], { encoding: 'utf8' })).toBe(text)
})

test('a string of JavaScript is what was typed', () => {
  for (const text of hostile) expect(runInContext(script(text), createContext({}))).toBe(text)
})

test('curl sends exactly the request, whatever is in it', () => {
  for (const text of hostile) {
    const request: CallRequest = {
      endpoint: 'Hello',
      method: 'POST',
      path: '/Hello',
      headers: [['X-Note', text]],
      body: JSON.stringify({ name: text }),
    }
    const echoed = snippetOf('curl', request, place).replace(
      /^curl/,
      `${process.execPath} -e 'console.log(JSON.stringify(process.argv.slice(1)))' --`,
    )
    const given = JSON.parse(
      execFileSync('sh', ['-c', echoed], { encoding: 'utf8', env: { ...process.env, M3O_TOKEN: 'm3o_t' } }),
    ) as string[]
    expect(given).toEqual([
      '-X',
      'POST',
      'http://127.0.0.1:8080/v1/shop/Hello',
      '-H',
      'Authorization: Bearer m3o_t',
      '-H',
      `X-Note: ${text}`,
      '-H',
      'Content-Type: application/json',
      '--data-raw',
      request.body,
    ])
  }
})

test('TypeScript passes exactly the body, by the client and by the SDK', () => {
  for (const text of hostile) {
    const request: CallRequest = {
      endpoint: 'Hello',
      method: 'POST',
      path: '/Hello',
      headers: [],
      body: JSON.stringify({ name: text, __proto__x: 1 }),
    }
    for (const kind of ['client', 'sdk'] as const) {
      const got: unknown[] = []
      const record = (...given: unknown[]) => {
        got.push(JSON.parse(JSON.stringify(given)))
      }
      const code = snippetOf(kind, request, place)
        .replace(/^import.*$/m, '')
        .replaceAll('await ', '')
      runInContext(
        code,
        createContext({
          process: { env: {} },
          call: record,
          Client: class {
            call = record
          },
        }),
      )
      expect(got).toEqual([['shop', 'Hello', JSON.parse(request.body ?? '')]])
    }
  }
})

test('another method, a header or another environment goes by fetch', () => {
  const request: CallRequest = {
    endpoint: null,
    method: 'GET',
    path: '/posts?q=1',
    headers: [['X-A', 'b']],
    body: null,
  }
  const code = snippetOf('client', request, { ...place, environment: 'alice' })
  expect(code).toContain(`fetch('http://127.0.0.1:8080/v1' + '/shop/posts?q=1'`)
  expect(code).toContain(`'M3O-Environment': 'alice'`)
  expect(
    snippetOf(
      'cli',
      { endpoint: 'Hello', method: 'POST', path: '/Hello', headers: [], body: '{}' },
      { ...place, environment: 'alice' },
    ),
  ).toBe("m3o --team demo --env alice call shop Hello '{}'")
})

test('names go into the path, the query or the body', () => {
  const endpoint = { name: 'read', request: {}, response: {}, stream: false, path: '/posts/{id}' }
  expect(requestOf({ ...endpoint, method: 'GET' }, { id: 'a/b?', page: 2, tags: ['x', 'y'] })).toMatchObject({
    method: 'GET',
    path: '/posts/a%2Fb%3F?page=2&tags=x&tags=y',
    body: null,
  })
  expect(requestOf({ ...endpoint, method: 'PUT' }, { id: 7, title: 't' })).toMatchObject({
    method: 'PUT',
    path: '/posts/7',
    body: '{"title":"t"}',
  })
})
