import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Shell } from './stack/command.ts'
import { hello } from './stack/programs.ts'
import { admin, startStack } from './stack/stack.ts'
import { expect, test } from './browser/test.ts'

test('from the laptop to production and back, one command each way', async ({ stack: laptop }) => {
  test.setTimeout(180_000)
  const production = await startStack({ samples: false })
  await using shell = await Shell.anywhere()
  const [here, there] = [laptop, production].map(({ url }) => `${new URL(url).host}/production`)
  try {
    // One's own platform knows who runs it; the other one asks.
    await shell.json(['login', '--url', laptop.url], { env: { M3O_HOME: laptop.home } })
    await shell.json(['login', '--url', production.url, '--email', admin.email, '--password-stdin'], {
      input: admin.password,
    })
    await shell.json(['env', 'use', here ?? ''])
    const made = await shell.write('made', hello('Good morning'))
    await shell.json(['deploy', made, '--service', 'greeter'])
    for (const [kind, name, value] of [
      ['var', 'WORD', 'two\nlines'],
      ['secret', 'KEY', 'a "secret" one'],
    ] as const)
      await shell.json([kind, 'set', 'greeter', name], { input: value })

    const { folder, commit } = await shell.json<{ folder: string; commit: string }>(['pull', 'greeter'])
    await shell.json(['env', 'use', there ?? ''])
    const moved = await shell.json<{ revision: string }>(['deploy', '--with-settings'], { cwd: folder })
    expect(commit.startsWith(moved.revision)).toBe(true)
    expect(await shell.json(['call', 'greeter', 'Hello', '--name', 'Ada'])).toEqual({ message: 'Good morning Ada' })
    expect((await shell.m3o(['exec', 'greeter', '--', 'sh', '-c', 'printf %s "$WORD|$KEY"'])).stdout).toBe(
      'two\nlines|a "secret" one',
    )

    // Changed in production, and meanwhile on the laptop: both are in what comes back.
    await shell.write('greeter', hello('Good evening'))
    await shell.json(['deploy', '-m', 'Evening'], { cwd: folder })
    await appendFile(join(made, 'README.md'), 'Greets.\n')
    await shell.json(['deploy', made, '--service', 'greeter', '--env', here ?? ''])
    expect(await shell.json(['pull', 'greeter'])).toMatchObject({ outcome: 'updated' })
    await shell.json(['env', 'use', here ?? ''])
    expect(await shell.m3o(['deploy'], { cwd: folder })).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('merged with newer commits of others'),
    })
    expect(await shell.json(['call', 'greeter', 'Hello', '--name', 'Ada'])).toEqual({ message: 'Good evening Ada' })
    expect(await shell.json(['pull', 'greeter'])).toMatchObject({ outcome: 'updated' })
    expect(await readFile(join(folder, 'README.md'), 'utf8')).toBe('Greets.\n')

    await writeFile(join(folder, 'index.ts'), hello('Good night')['index.ts'] ?? '')
    await shell.json(['env', 'use', there ?? ''])
    await shell.json(['deploy', '--force'], { cwd: folder })
    expect(await shell.json(['call', 'greeter', 'Hello', '--name', 'Ada'])).toEqual({ message: 'Good night Ada' })
    await shell.json(['service', 'delete', 'greeter', '--yes', '--env', here ?? ''])
  } finally {
    await production.stop()
  }
})
