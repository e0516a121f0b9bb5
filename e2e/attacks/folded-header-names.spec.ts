import { connect } from 'node:net'
import { expect, test } from '../browser/test.ts'
import type { Stack } from '../stack/stack.ts'

/** A Python service behind WSGI, which folds `M3O_Caller` and `M3O-Caller` into HTTP_M3O_CALLER. */
const wsgi = {
  'main.py': `import json, os
from wsgiref.simple_server import make_server
def app(environ, start):
    body = json.dumps({k: v for k, v in environ.items() if k.startswith('HTTP_')}).encode()
    start('200 OK', [('Content-Type', 'application/json'), ('Content-Length', str(len(body)))])
    return [body]
make_server(os.environ['HOST'], int(os.environ['PORT']), app).serve_forever()
`,
}

async function environ({ gatewayUrl }: Stack, lines: string): Promise<Record<string, string>> {
  const { hostname, port } = new URL(gatewayUrl)
  const socket = connect(Number(port), hostname)
  socket.write(`GET /v1/@demo/folded/ HTTP/1.1\r\nHost: ${hostname}:${port}\r\n${lines}Connection: close\r\n\r\n`)
  let text = ''
  for await (const part of socket.setEncoding('latin1') as AsyncIterable<string>) text += part
  return JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1)) as Record<string, string>
}

test('a header with underscores does not become a trusted one in a Python service', async ({ stack, shell }) => {
  await shell.deploy('folded', wsgi)
  await shell.json(['share', 'folded', '--anyone'])
  const forged = [
    'M3O_Caller: person="eve@evil.example"',
    'm3o_caller: x',
    'M3O.Caller: x',
    'X_Forwarded_For: 6.6.6.6',
    'X-Forwarded_For: 6.6.6.6',
    'X_Forwarded_Proto: https',
    'Forwarded: for=6.6.6.6',
    'X_Real_IP: 6.6.6.6',
    'M3O_Hops: 0',
    'Proxy: http://evil.example',
  ]
  const told = await environ(stack, `${forged.join('\r\n')}\r\nX_Api_Key: mine\r\n`)
  expect(told).toMatchObject({
    HTTP_X_API_KEY: 'mine',
    HTTP_X_FORWARDED_FOR: '127.0.0.1',
    HTTP_X_FORWARDED_PROTO: 'http',
    HTTP_M3O_HOPS: '1',
  })
  expect(told).not.toHaveProperty('HTTP_M3O_CALLER')
  expect(JSON.stringify(told)).not.toMatch(/6\.6\.6\.6|evil/)
})
