import { expect, test } from '../browser/test.ts'

/** `front` calls `pay` with its key; whoever overrides `pay` in an environment of their own would be given it. */
const front = {
  'index.js': `require('node:http').createServer(async (request, response) => {
  const answer = await fetch(process.env.M3O_GATEWAY + '/pay/charge', { headers: { 'x-key': process.env.KEY ?? 'none' } })
  response.end(await answer.text())
}).listen(process.env.PORT, process.env.HOST)\n`,
}
const pay = (name: string) => ({
  'index.js': `require('node:http').createServer((request, response) => response.end('${name} got ' + request.headers['x-key'])).listen(process.env.PORT, process.env.HOST)\n`,
})

test('an override in an overlay is not sent the secrets of protected production', async ({ stack, shell }) => {
  await shell.deploy('front', front)
  await shell.deploy('pay', pay('production'))
  await shell.m3o(['secret', 'set', 'front', 'KEY'], { input: 'production key' })
  await shell.json(['restart', 'front'])
  await shell.json(['env', 'create', 'dx'])
  await shell.deploy('pay', pay('dx'), '--env', 'dx')
  const { token } = await shell.json<{ token: string }>(['token', 'create', 'overlay'])
  const inDx = async () =>
    (
      await fetch(`${stack.gatewayUrl}/v1/front/x`, {
        headers: { authorization: `Bearer ${token}`, 'm3o-environment': 'dx' },
      })
    ).text()
  try {
    expect(await inDx()).toBe('dx got production key')
    await shell.json(['env', 'protect', 'production'])
    expect(JSON.parse(await inDx())).toMatchObject({
      code: 403,
      reason: 'protected_secrets',
      detail: expect.stringContaining('front in production has secrets of the protected environment production'),
      fix: expect.stringContaining('m3o env protect production --overlays'),
    })
    expect(await shell.json(['env', 'diff', 'dx'])).toMatchObject({
      unreachable: [{ service: 'front', from: 'production', keeper: 'production' }],
    })
    expect((await shell.m3o(['env', 'diff', 'dx'])).stdout).toContain('front: calls made in dx are refused')
    await shell.json(['env', 'protect', 'production', '--overlays'])
    expect(await inDx()).toBe('dx got production key')
    await shell.json(['env', 'protect', 'production', '--no-overlays'])
    await shell.json(['secret', 'mark', 'front', 'KEY', '--inheritable', '--env', 'production'])
    expect(await inDx()).toBe('dx got production key')
  } finally {
    await shell.json(['env', 'protect', 'production', '--off'])
    await shell.json(['env', 'delete', 'dx', '--yes'])
  }
})
