import { expect, test } from '../browser/test.ts'
import { answering } from '../stack/programs.ts'

test('an expression that takes for ever on what a search shows of a line is evaluated nowhere in the platform', async ({
  stack,
  shell,
}) => {
  const runtime = await stack.pidOf('runtime')
  // Git finds it at once; on its first 240 letters, which hold no b, an expression that goes back tries 2^240 ways.
  await shell.deploy('searched', { ...answering('ok'), 'long.txt': `${'a'.repeat(5_000)}b\n` })
  const { token } = await shell.json<{ token: string }>(['token', 'create', 'searches'])
  const input = {
    team: 'demo',
    environment: 'production',
    service: 'searched',
    ref: { draft: true },
    query: '(a+)+b',
    regex: true,
  }
  const answer = await fetch(`${stack.url}/api/trpc/source.search?input=${encodeURIComponent(JSON.stringify(input))}`, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(30_000),
  })
  expect(await answer.json()).toMatchObject({
    result: { data: { matches: [{ path: 'long.txt', line: 1, column: 1, length: 5_001 }], truncated: false } },
  })
  expect((await shell.m3o(['call', 'searched', 'x', '{}'])).stdout).toContain('ok')
  expect(await stack.pidOf('runtime')).toBe(runtime)
  await shell.json(['token', 'revoke', 'searches'])
})
