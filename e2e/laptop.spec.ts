import { expectAccessible } from './browser/accessible.ts'
import { invited } from './browser/people.ts'
import { catalogueRow, header, openService } from './browser/screens.ts'
import { expect, test } from './browser/test.ts'
import { Shell } from './stack/command.ts'
import { hello } from './stack/programs.ts'
import { admin, type Stack } from './stack/stack.ts'

const bob = { email: 'bob@example.com', password: 'another correct horse' }

async function shellOfBob(stack: Stack, owner: Shell): Promise<Shell> {
  await invited(stack, owner, { ...bob, role: 'developer' })
  const shell = await Shell.open(stack)
  await shell.json(['login', '--email', bob.email, '--password-stdin'], { input: `${bob.password}\n` })
  return shell
}

const greeting = async (shell: Shell, environment: string) =>
  (await shell.json<{ message: string }>(['call', 'greets', 'Hello', '--name', 'Zoe', '--env', environment])).message

test('two people run one service on their laptops, and everybody sees where it runs', async ({
  page,
  shell,
  stack,
  watch,
}) => {
  test.slow()
  await shell.deploy('greets', hello())
  await using bobs = await shellOfBob(stack, shell)
  await shell.json(['env', 'create', 'alice'])
  await bobs.json(['env', 'create', 'bobs'])

  const mine = shell.dev([await shell.write('mine', hello('Good day')), '--service', 'greets', '--env', 'alice'])
  const theirs = bobs.dev([
    await bobs.write('theirs', { 'index.ts': `console.log('hello from bob')\n${hello('Ahoy')['index.ts']}` }),
    '--service',
    'greets',
    '--env',
    'bobs',
  ])
  try {
    await Promise.all([mine.next('serving'), theirs.next('serving')])
    expect(await Promise.all(['production', 'alice', 'bobs'].map((name) => greeting(shell, name)))).toEqual([
      'Hello Zoe',
      'Good day Zoe',
      'Ahoy Zoe',
    ])

    await test.step('the catalogue, the service, its log and the tree say so', async () => {
      await page.goto('/demo/bobs/services')
      await expect(catalogueRow(page, 'greets')).toContainText("on bob's laptop")
      await expectAccessible(page)
      await openService(page, 'greets', { environment: 'bobs' })
      await expect(header(page)).toContainText("on bob's laptop")
      await expect(page.getByText("In bobs it runs on bob's laptop.")).toBeVisible()
      await expect(page.getByRole('table', { name: 'Instances' })).toContainText('laptop-bob-')
      await expectAccessible(page)
      await openService(page, 'greets', { environment: 'bobs', tab: 'Logs' })
      await expect(page.getByText('hello from bob')).toBeVisible()
      await expect(page.getByText("bob's laptop now runs this service here")).toBeVisible()
      await page.goto('/demo/alice/environments')
      const tree = page.getByRole('table', { name: 'Environments' })
      await expect(tree.getByRole('row', { name: /bobs/ })).toContainText("greets on bob's laptop")
      await expect(tree.getByRole('row', { name: /alice/ })).toContainText('greets on')
      await expectAccessible(page)
    })

    const [status] = await shell.json<
      { state: string; from: string; laptop: { by: string }; instances: { id: string }[] }[]
    >(['status', 'greets', '--env', 'alice'])
    expect(status).toMatchObject({
      state: 'live',
      from: 'alice',
      laptop: { by: admin.email },
      instances: [{ id: expect.stringMatching(/^laptop-/) }],
    })

    await test.step('what is saved is answered', async () => {
      await bobs.write('theirs', hello('Arrr'))
      await theirs.next('serving')
      await expect.poll(() => greeting(shell, 'bobs')).toBe('Arrr Zoe')
      await bobs.write('theirs', {
        'index.ts': (hello('Arrr')['index.ts'] ?? '').replace(
          'service({',
          "service({\n  Bye: endpoint({ request: z.object({}), response: z.object({ message: z.string() }), run: async () => ({ message: 'Bye' }) }),",
        ),
      })
      await theirs.next('serving')
      await expect
        .poll(async () => (await shell.status('greets', '--env', 'bobs')).endpoints.map(({ name }) => name))
        .toEqual(['Bye', 'Hello'])
      expect(await shell.json(['call', 'greets', 'Bye', '--env', 'bobs'])).toEqual({ message: 'Bye' })
    })

    await test.step('a lost connection falls back at once, is seen, and mends by itself', async () => {
      await openService(page, 'greets', { environment: 'bobs' })
      await expect(header(page)).toContainText("on bob's laptop")
      await stack.kill('runtime')
      await theirs.next('lost')
      await expect
        .poll(
          async () => (await shell.m3o(['call', 'greets', 'Hello', '--name', 'Zoe', '--env', 'bobs', '--json'])).stdout,
          { timeout: 20_000 },
        )
        .toMatch(/Hello Zoe|Arrr Zoe/)
      await theirs.next('serving')
      await expect.poll(() => greeting(shell, 'bobs')).toBe('Arrr Zoe')
      await expect(header(page)).toContainText("on bob's laptop")
      watch.expectComplaint(
        /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE_CHUNKED|WebSocket connection|\b50[234]\b/,
      )
      await stack.kill('web')
      await theirs.next('lost')
      await theirs.next('serving')
      await expect.poll(() => greeting(shell, 'bobs')).toBe('Arrr Zoe')
    })

    expect(await theirs.stop()).toBe(0)
    await expect.poll(() => greeting(shell, 'bobs')).toBe('Hello Zoe')
    await expect(header(page)).toContainText('inherited from')
    // Its connection was lost with web as well.
    await expect.poll(() => greeting(shell, 'alice')).toBe('Good day Zoe')
  } finally {
    await Promise.all([mine.stop(), theirs.stop()])
  }
})
